//! Escapes text that could harm a terminal, and measures its width.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// Whether a character could control a terminal, reorder its neighbours or be
/// invisible: controls (C0, DEL, C1), line and paragraph separators, and
/// everything of Unicode's `Default_Ignorable_Code_Point` (which includes the
/// bidirectional controls), as of Unicode 17.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether the text is all printable ASCII, as nearly all text is. Cheaper than the
/// search for hostile characters.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    has_only(text, |byte| matches!(byte, b' '..=b'~'))
}

/// Whether all bytes of a text are such. To look at all of them takes less than to stop at the
/// first that is not: several are looked at together.
pub fn has_only(text: &str, is_such: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is_such(byte))
}

/// Escapes every hostile character visibly, as `\n` or `\u{202e}`.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    if is_plain(text) || !text.contains(is_hostile) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_hostile(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Escapes as [`visible`], but keeps newlines: for help and multi-line messages.
#[must_use]
pub fn visible_lines(text: &str) -> String {
    text.split('\n').map(visible).collect::<Vec<_>>().join("\n")
}

/// Returns the number of terminal cells that the text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    if is_plain(text) { text.len() } else { text.width() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Whether a character must not reach a terminal, defined without the list above.
    fn is_dangerous(c: char) -> bool {
        let is_bidirectional = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let has_no_width =
            matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}');
        c.is_control() || is_bidirectional || has_no_width
    }

    /// Names with many dangerous characters.
    fn any_name() -> impl Strategy<Value = String> {
        let nasty = prop_oneof![
            any::<char>(),
            proptest::char::range('\0', '\u{9f}'),
            proptest::char::range('\u{2000}', '\u{206f}'),
            prop::sample::select(vec![
                '\u{feff}',
                '\u{61c}',
                '\u{ad}',
                '\u{e0041}',
                '\\',
                '"',
                'a'
            ]),
        ];
        prop::collection::vec(nasty, 0..40).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn nothing_dangerous_survives(name in any_name()) {
            let shown = visible(&name);
            prop_assert!(!shown.contains(is_dangerous), "{shown:?}");
            // Harmless characters stay, in order.
            let kept: String = name.chars().filter(|c| !is_hostile(*c)).collect();
            let mut rest = shown.chars();
            prop_assert!(kept.chars().all(|c| rest.any(|it| it == c)));
            if kept == name {
                prop_assert_eq!(&*shown, &*name);
            }
        }

        #[test]
        fn lines_stay_lines(text in any_name()) {
            let shown = visible_lines(&text);
            prop_assert_eq!(shown.matches('\n').count(), text.matches('\n').count());
        }
    }
}
