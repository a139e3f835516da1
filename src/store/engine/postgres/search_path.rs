//! Which schemas a search path names: the one that the client asks for, read here and not
//! asked from the server, since a pooler may not have passed it on.

use super::parameters::Parameters;

/// What PostgreSQL puts in the place of this name: the schema of the role's own name.
const USERS: &str = "$user";

/// The switches of a server's command line that take a value, besides `-c` and `--`.
const WITH_VALUE: &str = "BCDdfhkNprStvW";

/// A search path that the client asks for.
#[derive(Clone)]
pub struct Asked {
    /// What asks for it, as messages name it.
    pub source: String,
    pub path: SearchPath,
}

/// The names in a search path, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchPath(Vec<String>);

impl Asked {
    /// `None` where the options do not set it.
    pub fn of(given: &Parameters) -> Option<Self> {
        let value = in_options(given.text("options")?)?;
        Some(Self { source: given.source("options").into(), path: SearchPath::new(&value) })
    }
}

impl SearchPath {
    /// Reads a value of `search_path` as the server does: names between commas, which are in
    /// lower case unless they are quoted.
    pub fn new(value: &str) -> Self {
        let (mut names, mut rest) = (Vec::new(), value.trim_start());
        while !rest.is_empty() {
            let mut name = String::new();
            if let Some(mut quoted) = rest.strip_prefix('"') {
                loop {
                    let (part, after) = quoted.split_once('"').unwrap_or((quoted, ""));
                    name.push_str(part);
                    rest = after;
                    let Some(more) = rest.strip_prefix('"') else { break };
                    name.push('"');
                    quoted = more;
                }
                rest = rest.split_once(',').map_or("", |(_, rest)| rest);
            } else {
                let (part, after) = rest.split_once(',').unwrap_or((rest, ""));
                name = part.trim_end().to_ascii_lowercase();
                rest = after;
            }
            names.push(name);
            rest = rest.trim_start();
        }
        Self(names)
    }

    /// The names of schemas that may hold an application's tables, and whether the path
    /// itself has each: the role's own is looked at only where there is one.
    pub fn schemas<'n>(&'n self, user: &'n str) -> impl Iterator<Item = (&'n str, bool)> {
        let names = self.0.iter().map(move |name| match name.as_str() {
            USERS => (user, false),
            name => (name, true),
        });
        names.filter(|(name, _)| !name.starts_with("pg_") && *name != "information_schema")
    }

    pub fn has(&self, schema: &str, user: &str) -> bool {
        self.schemas(user).any(|(name, _)| name == schema)
    }
}

/// The value of `search_path` in the options of a login, which the server takes for a command
/// line of its own. The last one counts.
fn in_options(options: &str) -> Option<String> {
    let mut found = None;
    let words = words(options);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(mut switches) = word.strip_prefix('-') else { continue };
        while let Some(switch) = switches.chars().next() {
            switches = &switches[switch.len_utf8()..];
            let is_setting = matches!(switch, 'c' | '-');
            if !is_setting && !WITH_VALUE.contains(switch) {
                continue;
            }
            let value = if switches.is_empty() { words.next()?.as_str() } else { switches };
            if let Some((name, value)) = value.split_once('=').filter(|_| is_setting)
                && name.replace('-', "_").eq_ignore_ascii_case("search_path")
            {
                found = Some(value.to_owned());
            }
            break;
        }
    }
    found
}

/// The words of a text, in which a backslash takes away the meaning of a blank.
fn words(options: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = options.chars();
    while let Some(character) = characters.next() {
        match (character, words.last_mut()) {
            ('\\', Some(word)) => word.extend(characters.next()),
            (blank, _) if blank.is_ascii_whitespace() => words.push(String::new()),
            (character, Some(word)) => word.push(character),
            _ => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_wherever_a_server_finds_it() {
        for (options, expected) in [
            ("-csearch_path=gitea", Some("gitea")),
            ("-c search_path=gitea", Some("gitea")),
            ("-c geqo=off  --search-path=gitea,public", Some("gitea,public")),
            ("-ec Search_Path=gitea", Some("gitea")),
            ("-d 5 -c search_path=a -csearch_path=b", Some("b")),
            (r"-c search_path=a,\ b", Some("a, b")),
            ("-S -csearch_path=a", None),
            ("-c geqo=off", None),
            ("search_path=a", None),
            ("-c", None),
            ("", None),
        ] {
            assert_eq!(in_options(options).as_deref(), expected, "{options}");
        }
    }

    #[test]
    fn names_are_read_as_a_server_reads_them() {
        for (value, expected) in [
            ("Gitea", ["gitea"].as_slice()),
            (r#" "Gitea" , public"#, &["Gitea", "public"]),
            (r#""a ""b"", c",d"#, &[r#"a "b", c"#, "d"]),
            (r#""$user", public"#, &["$user", "public"]),
            (r#""open"#, &["open"]),
            ("", &[]),
        ] {
            assert_eq!(SearchPath::new(value).0, expected, "{value}");
        }
        let path = SearchPath::new(r#""$user", pg_catalog, public"#);
        assert_eq!(path.schemas("me").collect::<Vec<_>>(), [("me", false), ("public", true)]);
    }
}
