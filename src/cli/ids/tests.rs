use proptest::prelude::*;

use super::*;
use crate::model::deploy_token::DeployToken;
use crate::model::id::{Id, IdList, IdSyntax, UserId, is_digits};
use crate::model::personal_access_token::PersonalAccessToken;
use crate::model::time::{Moment, Timestamp};
use crate::model::token::TokenProperties;
use crate::output::{Format, OutputStyle, Printer};

fn read(input: &str) -> Result<Listed, String> {
    read_list::<PersonalAccessToken>(input.as_bytes(), IdSyntax::Numbers)
        .map_err(|it| it.to_string())
}

fn numbers(input: &str) -> Result<Vec<i64>, String> {
    let number = |id| match id {
        Id::Integer(id) => id,
        Id::Text(id) => panic!("{id} is no number"),
    };
    read(input).map(|listed| listed.ids.iter().map(number).collect())
}

fn moment() -> Moment {
    Moment::at(Timestamp::from_stored("2024-03-15T12:00:00.000Z").expect("a time"))
}

fn token(id: i64, name: &str, user_id: Option<i64>, username: Option<&str>) -> PersonalAccessToken {
    PersonalAccessToken {
        token: TokenProperties {
            id: TokenId::from(id),
            name: Some(name.into()),
            scopes: Some(vec!["api".into(), "=x".into()]),
            revoked: false,
            created_at: Timestamp::from_stored("2024-01-02T03:04:05.006Z"),
            expires_at: None,
        },
        user_id: user_id.map(UserId::from),
        username: username.map(Into::into),
        user_type: None,
        user_state: None,
        description: Some("a, \"b\"\n# c".into()),
        impersonation: None,
        last_used_at: None,
    }
}

fn printed(tokens: &[PersonalAccessToken], format: Format) -> String {
    let style = OutputStyle {
        format,
        now: moment(),
        terminal: None,
        colour: false,
        columns: None,
        counts: false,
        unrecorded: Vec::new(),
    };
    let mut out = Vec::new();
    let mut printer = Printer::new(&mut out, &style).expect("a Vec");
    for token in tokens {
        printer.record(token).expect("a Vec");
    }
    printer.finish().expect("a Vec");
    String::from_utf8(out).expect("UTF-8")
}

/// What users are called: in CSV, ` #` would begin a comment.
fn any_username() -> impl Strategy<Value = String> {
    any_name().prop_filter("a comment", |name| {
        without_comment(name).len() == name.len() || name.starts_with('#')
    })
}

/// Names with what CSV and JSON have to escape.
fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[-=+@'\"#,; \\\\\r\n\u{202e}\u{200b}a]{0,12}",
        Just("'=SUM(1)".into()),
    ]
}

proptest! {
    #[test]
    fn ids_are_read_in_every_form(
        ids in prop::collection::vec((1..=i64::MAX, 0..8_usize), 0..50),
        has_mark in any::<bool>(),
        ends_in_newline in any::<bool>(),
    ) {
        let line = |&(id, form): &(i64, usize)| match form {
            0 => id.to_string(),
            1 => format!("  {id}\t"),
            2 => format!("{{\"name\":\"a, \\\"id\\\": 7\",\"id\":{id},\"x\":[1]}}"),
            3 => format!("{id}\r"),
            4 => format!("# {id} is next\n\n{id}"),
            5 => format!("{id} # 7, or 8"),
            6 => format!("{{\"id\":{id}}} # of \"maria\""),
            _ => format!("000{id}"),
        };
        let lines: Vec<_> = ids.iter().map(line).collect();
        let text = lines.join("\n");
        let mark = if has_mark { "\u{feff}" } else { "" };
        let end = if ends_in_newline { "\n" } else { "" };
        let input = format!("{mark}{text}{end}");
        let mut expected: Vec<_> = ids.iter().map(|&(id, _)| id).collect();
        expected.sort_unstable();
        expected.dedup();
        // A line without an end is the first one, or one that was cut off.
        if ends_in_newline || !text.contains('\n') {
            prop_assert_eq!(numbers(&input), Ok(expected));
        } else {
            let error = numbers(&input).expect_err("it was cut off");
            prop_assert!(error.contains("cut off"), "{error}");
        }
    }

    #[test]
    fn what_is_printed_is_read_back_and_fits(
        tokens in prop::collection::vec(
            (any_name(), prop::option::of(1..99_i64), prop::option::of(any_username())), 1..4),
    ) {
        let tokens: Vec<_> = (1..).zip(&tokens).map(|(id, (name, user, username))| {
            token(id, name, *user, username.as_deref())
        }).collect();
        let expected: Vec<_> = (1..).take(tokens.len()).collect();
        for format in [Format::Ids, Format::Jsonl, Format::Json, Format::Csv] {
            let text = printed(&tokens, format);
            let listed = read(&text).map_err(TestCaseError::fail)?;
            prop_assert_eq!(numbers(&text), Ok(expected.clone()));
            for token in &tokens {
                prop_assert!(listed.reviewed.fits(token, moment()), "{text}");
                let mut other = token.clone();
                other.token.name.get_or_insert_default().push('x');
                prop_assert_eq!(listed.reviewed.fits(&other, moment()), matches!(format, Format::Ids));
            }
            // Cut anywhere, it is refused or says less; it never names another token.
            for cut in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
                if let Ok(cut) = numbers(&text[..cut]) {
                    prop_assert!(expected.starts_with(&cut), "{cut:?}: {text}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_id_is_named_by_its_line_and_nothing_is_read(
        before in 0..5_usize,
        line in "\\PC{1,30}|-?[0-9]{20,40}|0+|-[0-9]+|[0-9]+[.,e][0-9]+|[0-9]+ [0-9]+|[0-9]+#[0-9]+",
    ) {
        let trimmed = without_comment(line.trim());
        let is_number = trimmed.parse::<i64>().is_ok_and(|id| id > 0) && is_digits(trimmed);
        let is_nothing = trimmed.is_empty() || csv_rows::header(trimmed).is_some();
        prop_assume!(!is_number && !is_nothing && !trimmed.starts_with(['{', '[']));
        let input = format!("{}{line}\n8\n", "7\n".repeat(before));
        let error = numbers(&input).expect_err("a malformed line");
        prop_assert!(error.contains(&format!("line {}:", before + 1)), "{error}");
    }

    #[test]
    fn no_bytes_are_too_strange_to_be_refused(
        header in "(id|id,name|name,id\n|\\[|\\{\"id\":1\\},)?",
        input in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let input = [header.as_bytes(), &input].concat();
        let _ = read_list::<PersonalAccessToken>(input.as_slice(), IdSyntax::Any);
    }
}

#[test]
fn csv_of_any_columns_is_read() {
    for (input, expected) in [
        ("id\n1\n2\n", vec![1, 2]),
        ("\u{feff}\"id\"\r\n\"1\"\r\n2\r\n", vec![1, 2]),
        ("name,id\n\"a, b\",1\n\"c\"\"d\ne\",2\n", vec![1, 2]),
        ("# reviewed\n\n id , name \n1,a\n# 2,b, or \"c\n\n3,c\n 4 ,d\n", vec![1, 3, 4]),
        ("name,id\na,1 # not, at all, in use\n#b,2\n", vec![1, 2]),
        ("id\n1 # laptop, of maria\n2\n", vec![1, 2]),
        ("id,name\n# 5\" disk\n1,a\n", vec![1]),
        ("id,name\r\n1,a\r\n", vec![1]),
        ("id\n", vec![]),
        ("id", vec![]),
    ] {
        assert_eq!(numbers(input), Ok(expected), "{input}");
    }
    for (input, problem) in [
        ("id,name\n1\n", "line 2: the row has 1 fields, and the header 2"),
        ("# list\nid,name\n1,a\n2,b,c\n", "line 4: the row has 3 fields, and the header 2"),
        ("id,name\n1,a # no comma\n2,b # a, comma\n", "line 3: the row has 3 fields"),
        ("id,name\n\"x\",a\n", "line 2: 'x' is not an id"),
        ("scopes,id\napi,1\n#api,2\n", "line 3: whether it is a comment"),
        ("name,id\na\n", "line 2: the row has 1 fields"),
        ("id,name\n1,a\n2,b", "cut off"),
        ("id,name\n1,a\n2", "cut off"),
        ("id,name\n1,a\n# 2,b", "cut off"),
        ("id\n1\n23", "cut off"),
        ("id,description\n1,x # why,\"left\n3,y\n4,z\n", "a quote is not closed"),
        ("id,description\n1,\"x\n3,y\n", "a quote is not closed"),
        ("id,name,id\n6,a,9\n", "line 1: two columns are 'id'"),
        ("id,name,name\n6,a,b\n", "line 1: two columns are 'name'"),
        ("id\r1\n3\n", "line 1: "),
        ("id,name\r1,a\r3,b\r", "line 1: "),
        ("1\nid\n2\n", "line 2: 'id' is not an id"),
        ("name,user\na,1\n", "line 1: "),
        ("id,target_id\n1,2\n", "line 1: it is no personal access token, which has no 'target_id'"),
    ] {
        let error = numbers(input).expect_err(input);
        assert!(error.contains(problem), "{input}: {error}");
    }
    let deploy = read_list::<DeployToken>("id,user_id\n1,2\n".as_bytes(), IdSyntax::Numbers);
    assert!(deploy.is_err_and(|it| it.to_string().contains("it is no deploy token")));
}

#[test]
fn json_is_read_as_lines_and_as_an_array() {
    for (input, expected) in [
        ("[]\n", vec![]),
        ("[]", vec![]),
        ("[\n{\"id\":1},\n{\"id\":2}\n]\n", vec![1, 2]),
        ("[{\"id\":1},{\"id\":2}]\n", vec![1, 2]),
        ("# mine\n[ {\"id\":1}, # one\n\n  {\"id\":2}]\n# end\n", vec![1, 2]),
        ("{\"id\":2}\n1\n{\"id\":2}\n", vec![1, 2]),
    ] {
        assert_eq!(numbers(input), Ok(expected), "{input}");
    }
    for (input, problem) in [
        ("[\n{\"id\":1},\n", "cut off: its array is not closed"),
        ("[\n{\"id\":1},\n{\"id\":2}\n", "cut off: its array is not closed"),
        ("[\n{\"id\":1},\n{\"id\":2", "cut off"),
        ("{\"id\":1}\n{\"id\":2}", "cut off"),
        ("[]\n1\n", "line 2: there is more behind the end"),
        ("[\n1\n]\n", "line 2: it is not a JSON object"),
        ("1\n[\n", "line 2: it is not a JSON object"),
        ("{\"id\":1}{\"id\":2}\n", "line 1: there is more behind the object"),
        ("{\"id\":\"1\"}\n", "line 1: the object has no 'id'"),
        ("{\"id\":1,\"id\":2}\n", "line 1: it is not a JSON object, or has a key twice"),
    ] {
        let error = numbers(input).expect_err(input);
        assert!(error.contains(problem), "{input}: {error}");
    }
}

#[test]
fn a_token_has_to_be_what_every_row_says() {
    let of = |id| token(id, "laptop", Some(2), Some("olive"));
    let fits = |input: &str, token: &PersonalAccessToken| {
        read(input).expect(input).reviewed.fits(token, moment())
    };
    for (row, is_so) in [
        (r#"{"id":1}"#, true),
        (r#"{"id":1,"scopes":["other"],"last_used_at":"now","state":"expired"}"#, true),
        (r#"{"id":1,"name":"laptop","user_id":2,"username":"olive"}"#, true),
        (r#"{"id":1,"created_at":"2024-01-02T03:04:05.006Z"}"#, true),
        (r#"{"id":1,"created_at":"2024-01-02T03:04:05.007Z"}"#, false),
        (r#"{"id":1,"name":"lapto"}"#, false),
        (r#"{"id":1,"name":null}"#, false),
        (r#"{"id":1,"name":["laptop"]}"#, false),
        (r#"{"id":1,"user_id":3}"#, false),
        (r#"{"id":1,"user_id":"2"}"#, false),
        (r#"{"id":1,"user_id":null}"#, false),
        (r#"{"id":1,"username":"Olive"}"#, false),
        (r#"{"id":1,"username":"laptop","name":"olive"}"#, false),
        (r#"{"id":2,"name":"other"}"#, true),
    ] {
        assert_eq!(fits(&format!("{row}\n"), &of(1)), is_so, "{row}");
        // Beside rows that say nothing, or the same.
        let all = format!("1\n{row}\n{{\"id\":1,\"name\":\"laptop\"}}\n");
        assert_eq!(fits(&all, &of(1)), is_so, "{row}");
    }
    // Nobody can be both.
    let both = "{\"id\":1,\"name\":\"laptop\"}\n{\"id\":1,\"name\":\"phone\"}\n";
    assert!(!fits(both, &of(1)));
    assert!(!fits(both, &token(1, "phone", Some(2), Some("olive"))));
    assert!(fits(both, &of(3)));

    for (name, cell, is_so) in [
        ("laptop", "laptop", true),
        ("laptop", "Laptop", false),
        ("=1", "'=1", true),
        ("=1", "=1", true),
        ("'=1", "'=1", true),
        ("=1", "1", false),
        ("a\u{202e}b", "a\\u{202e}b", true),
        ("a\u{202e}b", "a\u{202e}b", true),
        ("a\u{202e}b", "ab", false),
        ("", "", true),
        (" a # b", " a # b", true),
    ] {
        let input = format!("id,name,user_id\n1,{cell},2\n");
        assert_eq!(fits(&input, &token(1, name, Some(2), None)), is_so, "{name} {cell}");
    }
    assert!(fits("id,user_id,username\n1,,\n", &token(1, "", None, None)));
    assert!(!fits("id,user_id,username\n1,,\n", &of(1)));
    assert!(fits("id,username\n1,olive # who left\n", &of(1)));
    // A row that was made a comment, and a name that looks like one.
    assert!(!fits("name,id\n#laptop,1\n", &of(1)));
    assert!(fits("name,id\n#laptop,1\n", &token(1, "#laptop", None, None)));
}

#[test]
fn bare_ids_take_no_more_than_their_eight_bytes() {
    let input = (1..=100_000).map(|id| id.to_string() + "\n").collect::<String>();
    let listed = read(&input).expect("ids");
    assert!(listed.reviewed.is_empty());
    let IdList::Integers(ids) = listed.ids else { panic!("they are integers") };
    assert_eq!(size_of_val(&ids[..]), 800_000);
}
