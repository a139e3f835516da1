//! The forms of a token's scopes in stores, and how each is parsed, here and in
//! PostgreSQL. Both reject the same texts: such a row passes the filters, so that decoding
//! reports it.

/// A column that holds scopes.
#[derive(Clone, Copy, Debug)]
pub struct Scopes {
    pub sql: &'static str,
    pub form: ScopesForm,
}

/// The form of scopes in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopesForm {
    /// A JSON array of strings.
    Json,
    /// A YAML list of words, as Ruby writes it: `---\n- api\n- :read_user\n`. The empty
    /// list, `--- []\n`, means GitLab's default scope.
    Yaml,
    /// The same, in which the empty list means none.
    YamlWords,
    /// Words separated by commas.
    Commas,
    /// Words separated by blanks.
    Words,
    /// One scope, which is all of the text.
    One,
    /// PostgreSQL's array of texts, without NULLs.
    Array,
}

/// GitLab's default scope.
const YAML_EMPTY: &str = "api";

/// JSON whitespace, as a regular expression of PostgreSQL.
macro_rules! blank {
    () => {
        r"[ \t\n\r]*"
    };
}

/// A JSON string without the escapes that `jsonb` refuses, as a regular expression of
/// PostgreSQL.
macro_rules! string {
    () => {
        concat!(
            r#""([^"\\\u0001-\u001f]|\\["\\/bfnrt]|\\u(?![dD][89a-fA-F])[0-9a-fA-F]{4}|"#,
            r#"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*"[ \t\n\r]*"#,
        )
    };
}

/// That a text is a JSON array of strings, behind the text.
macro_rules! is_list {
    () => {
        concat!(
            " ~ '^",
            blank!(),
            r"\[",
            blank!(),
            "(",
            string!(),
            "(,",
            blank!(),
            string!(),
            r")*)?\]",
            blank!(),
            "$'"
        )
    };
}

/// The strings of a JSON array, up to the text.
macro_rules! text_of {
    () => {
        "jsonb_array_elements_text(replace("
    };
}

/// A scope as JSON may have it: with its letters, or with escapes of those beyond ASCII, as
/// Python writes them, or as others do.
pub fn in_json(scope: &str) -> [String; 3] {
    let plain = serde_json::Value::from(scope).to_string();
    let escaped = |escape: fn(u16) -> String| {
        let mut text = String::new();
        for character in plain.chars() {
            if character.is_ascii() {
                text.push(character);
            } else {
                text.extend(character.encode_utf16(&mut [0; 2]).iter().map(|&unit| escape(unit)));
            }
        }
        text
    };
    let [lower, upper] =
        [escaped(|unit| format!("\\u{unit:04x}")), escaped(|unit| format!("\\u{unit:04X}"))];
    [plain, lower, upper]
}

impl ScopesForm {
    /// Those that are text.
    pub const ALL: [Self; 6] =
        [Self::Json, Self::Yaml, Self::YamlWords, Self::Commas, Self::Words, Self::One];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::YamlWords => "yaml words",
            Self::Commas => "commas",
            Self::Words => "words",
            Self::One => "one",
            Self::Array => "array",
        }
    }

    /// Parses scopes; `None` where the text is not of this form.
    #[must_use]
    pub fn read(self, text: &[u8]) -> Option<Vec<String>> {
        match self {
            Self::Json => serde_json::from_slice(text).ok(),
            Self::YamlWords => read_yaml(std::str::from_utf8(text).ok()?),
            Self::Yaml => {
                let words = read_yaml(std::str::from_utf8(text).ok()?)?;
                Some(if words.is_empty() { vec![YAML_EMPTY.into()] } else { words })
            }
            Self::Words => {
                let words = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
                Some(words.map(Into::into).collect())
            }
            Self::One => {
                let scope = std::str::from_utf8(text).ok()?;
                Some(if scope.is_empty() { Vec::new() } else { vec![scope.into()] })
            }
            Self::Array => None,
            Self::Commas => {
                let words =
                    std::str::from_utf8(text).ok()?.split(',').map(|it| it.trim_matches(' '));
                Some(words.filter(|word| !word.is_empty()).map(Into::into).collect())
            }
        }
    }

    /// Returns the PostgreSQL expression for the scopes: an array of text, or NULL. The
    /// column goes between the parts. Where the database does not have all of Unicode, those
    /// of a JSON text that escapes a letter of it are as they stand there, see [`in_json`].
    #[must_use]
    pub fn array(self, is_unicode: bool) -> &'static [&'static str] {
        match self {
            // PostgreSQL's text cannot hold NUL; its replacement matches no scope.
            Self::Json if is_unicode => &[
                "CASE WHEN replace(",
                concat!(r", '\u0000', '\ufffd')", is_list!(), " THEN ARRAY(SELECT ", text_of!()),
                r", '\u0000', '\ufffd')::jsonb)) END",
            ],
            Self::Json => &[
                "CASE WHEN NOT (",
                concat!(is_list!(), ") THEN NULL WHEN "),
                concat!(
                    r" ~ '\\u(0000|00[89a-fA-F]|0[1-9a-fA-F]|[1-9a-fA-F])' ",
                    "THEN ARRAY(SELECT e::text FROM json_array_elements("
                ),
                concat!("::json) e) ELSE ARRAY(SELECT ", text_of!()),
                r", '\u0000', '\ufffd')::jsonb)) END",
            ],
            Self::Yaml => &[
                "CASE WHEN ",
                r" ~ '^--- +\[\] *\n*$' THEN ARRAY['api'] WHEN ",
                r" ~ '^--- *(\n- :?[A-Za-z0-9_]+ *)+\n*$' THEN regexp_split_to_array(btrim(substr(",
                r", 4), E' \n-:'), ' *\n- :?') END",
            ],
            Self::YamlWords => &[
                "CASE WHEN ",
                r" ~ '^--- +\[\] *\n*$' THEN ARRAY[]::text[] WHEN ",
                r" ~ '^--- *(\n- :?[A-Za-z0-9_]+ *)+\n*$' THEN regexp_split_to_array(btrim(substr(",
                r", 4), E' \n-:'), ' *\n- :?') END",
            ],
            Self::Words => &["array_remove(regexp_split_to_array(", r", '[ \t\n\x0c\r]+'), '')"],
            Self::One => &["array_remove(ARRAY[", "], '')"],
            Self::Array => &["", ""],
            Self::Commas => {
                &["string_to_array(regexp_replace(btrim(", ", ' '), ' *, *', ',', 'g'), ',')"]
            }
        }
    }
}

/// Parses a list of words as Ruby's YAML library writes it, and no other YAML.
fn read_yaml(text: &str) -> Option<Vec<String>> {
    let body = text.strip_prefix("---")?.trim_end_matches('\n');
    if body.trim_matches(' ') == "[]" {
        return body.starts_with(' ').then(Vec::new);
    }
    let (marker, list) = body.split_once('\n')?;
    if !marker.trim_matches(' ').is_empty() {
        return None;
    }
    let word = |line: &str| {
        let word = line.strip_prefix("- ")?.trim_end_matches(' ');
        // Old rows hold Ruby symbols.
        let word = word.strip_prefix(':').unwrap_or(word);
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        (!word.is_empty() && word.bytes().all(is_word)).then(|| word.to_owned())
    };
    list.split('\n').map(word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(form: ScopesForm, text: &str) -> Option<String> {
        form.read(text.as_bytes()).map(|scopes| scopes.join(" "))
    }

    #[test]
    fn the_yaml_of_ruby_is_read_and_no_other() {
        let is = |text, scopes: &str| {
            assert_eq!(read(ScopesForm::Yaml, text).as_deref(), Some(scopes), "{text:?}");
        };
        is("---\n- api\n- read_user\n", "api read_user");
        is("--- \n- :api\n- :read_user\n\n", "api read_user");
        is("---\n- api", "api");
        is("--- []\n", "api");
        is("--- []", "api");
        for text in [
            "",
            "---",
            "---\n",
            "---\n\n",
            "---[]",
            "api",
            "- api\n",
            "---\n- \n",
            "---\n- :\n",
            "---\n- a b\n",
            "---\n-api\n",
            "---\n - api\n",
            "---\n- api\n\n- sudo\n",
            "--- [api]\n",
            "---\n- 'api'\n",
            "---\r\n- api\r\n",
            "---\n- {a: b}\n",
            "--- x\n- api\n",
        ] {
            assert_eq!(read(ScopesForm::Yaml, text), None, "{text:?}");
        }
    }

    #[test]
    fn words_with_commas_are_read() {
        let is = |text, scopes: &str| {
            assert_eq!(read(ScopesForm::Commas, text).as_deref(), Some(scopes), "{text:?}");
        };
        is("", "");
        is("all", "all");
        is("public-only,read:user, write:repository,", "public-only read:user write:repository");
    }

    #[test]
    fn json_that_postgresql_refuses_is_refused() {
        assert_eq!(read(ScopesForm::Json, r#"["\ud83d"]"#), None);
        assert_eq!(read(ScopesForm::Json, r#"["\ud83d\ude00", "é"]"#).as_deref(), Some("😀 é"));
    }
}
