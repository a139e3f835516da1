//! `report` in a browser: it sorts, searches, and does nothing that a name asks for.

use std::fs::write;

use serde_json::json;

use crate::support::Sandbox;
use crate::support::browser::Browser;

/// Names that would do something, were they more than text.
const ATTACKS: [&str; 8] = [
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "</title><img src=x onerror=\"document.title='owned'\">",
    "\"><svg onload=alert(1)>",
    "' onmouseover='alert(1)' autofocus onfocus='alert(1)",
    "safe\u{202e}gpj.exe\u{200b}\u{1b}[31m",
    "{{7*7}} ${7*7} <!-- ]]>",
    "זה שם \u{5d0}\u{5d1} و اسم",
];

/// A store whose names attack, at a path that does.
fn attacked() -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    let connection = sandbox.connection();
    for (index, name) in ATTACKS.iter().enumerate() {
        let id = 100 + i64::try_from(index).expect("a number");
        for (statement, text) in [
            ("INSERT INTO users (id, username, name, state) VALUES (?1, ?2, '', 'blocked')", *name),
            (
                "INSERT INTO personal_access_tokens (id, user_id, name, scopes, created_at)
              VALUES (?1, ?1, ?2, json_array('sudo', ?2), '2022-02-03T04:05:06.789Z')",
                *name,
            ),
        ] {
            connection.execute(statement, rusqlite::params![id, text]).expect(statement);
        }
    }
    drop(connection);
    let db = "<img src=x onerror=alert(1)>'.db";
    std::fs::copy(sandbox.store(), sandbox.home().join(db)).expect("a copy");
    for name in ATTACKS {
        let mut command = sandbox.command(["--as", "root", "--db", db, "revoke", "16", "--yes"]);
        sandbox.run_command("revoke", command.args(["--reason", name]));
        let mut command = sandbox.command(["--as", "root", "--db", db, "revoke", "--user"]);
        sandbox.run_command("revoke", command.args(["9", "--yes", "--reason", name]));
    }
    let mut command = sandbox.command(["--as", "root", "--db", db]);
    let ran = sandbox.run_command("report", command.args(["report", "--output", "page.html"]));
    ran.assert(0);
    (sandbox, db.into())
}

/// The texts of a column of a table that are shown.
fn column(browser: &Browser, section: &str, number: usize) -> Vec<String> {
    browser.texts(&format!(
        "return [...document.querySelectorAll('[aria-labelledby={section}] tbody tr:not([hidden])')]\
         .map(it => it.cells[{number}].textContent)"
    ))
}

#[test]
fn it_sorts_and_searches_and_names_do_nothing() {
    let Some(browser) = Browser::start() else { return };
    let (sandbox, db) = attacked();
    browser.open(&sandbox.home().join("page.html"));
    // The table of tokens of people who left: id, owner, owner is, name.
    let heads = "[aria-labelledby=left] thead th";
    let before = column(&browser, "left", 3);
    assert!(before.len() > ATTACKS.len(), "{before:?}");
    for name in ATTACKS {
        let escaped = |c: char| match c {
            '\u{202e}' | '\u{200b}' | '\u{1b}' => c.escape_unicode().to_string(),
            c => c.to_string(),
        };
        let shown: String = name.chars().map(escaped).collect();
        assert!(before.contains(&shown), "{shown}: {before:?}");
    }
    assert_eq!(
        browser.run("return document.title"),
        json!(format!("Access tokens of {}", sandbox.home().join(&db).display()))
    );
    let elements = browser.run(
        "return [document.scripts.length, document.images.length,\
         document.querySelectorAll('[onerror],[onload],[onfocus],[onmouseover],[style]').length]",
    );
    assert_eq!(elements, json!([1, 0, 0]));

    // By name, and back.
    let by_name = format!("{heads}:nth-child(4) button");
    browser.click(&by_name);
    let mut sorted = before.clone();
    sorted.sort_by_key(|it| it.encode_utf16().collect::<Vec<_>>());
    assert_eq!(column(&browser, "left", 3), sorted);
    let order = |number| {
        browser.run(&format!(
            "return document.querySelector('{heads}:nth-child({number})').getAttribute('aria-sort')"
        ))
    };
    assert_eq!(order(4), "ascending");
    // By keyboard too.
    browser.keys(&by_name, "\u{e007}");
    sorted.reverse();
    assert_eq!((column(&browser, "left", 3), order(4)), (sorted, json!("descending")));
    // By id, as numbers: 9 before 10, and 100 behind.
    browser.click(&format!("{heads}:nth-child(1) button"));
    let numbers: Vec<i64> =
        column(&browser, "left", 0).iter().map(|it| it.parse().expect("a number")).collect();
    assert!(numbers.is_sorted() && numbers.len() == before.len(), "{numbers:?}");
    assert_eq!((order(1), order(4)), (json!("ascending"), json!(null)));
    // What was never used comes last, and first downwards.
    let used = "[aria-labelledby=unused] thead th:nth-child(7) button";
    browser.click(used);
    let times = column(&browser, "unused", 6);
    let first_never = times.iter().position(|it| it == "never").expect("one never used");
    assert!(times[first_never..].iter().all(|it| it == "never") && first_never > 0, "{times:?}");
    assert!(times[..first_never].is_sorted(), "{times:?}");
    browser.click(used);
    assert_eq!(column(&browser, "unused", 6)[0], "never");

    // Words of a row, in any order and case.
    let search = "[aria-labelledby=left] input";
    browser.keys(search, "OWNED script");
    let found = column(&browser, "left", 3);
    assert_eq!(found.len(), 2, "{found:?}");
    let said = "return document.querySelector('[aria-labelledby=left] output').textContent";
    assert_eq!(browser.run(said), json!(format!("2 of {} rows", before.len())));
    browser.clear(search);
    browser.keys(search, "<img");
    assert_eq!(column(&browser, "left", 3).len(), 1);
    assert!(!browser.has_dialog());
    assert_eq!(browser.log(), Vec::<String>::new());
}

#[test]
fn the_policy_stops_what_is_not_the_pages_own() {
    let Some(browser) = Browser::start() else { return };
    let (sandbox, _) = attacked();
    let page = std::fs::read_to_string(sandbox.home().join("page.html")).expect("a page");
    // As if the escaping were broken.
    let broken = page.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    assert_ne!(page, broken);
    let file = sandbox.home().join("broken.html");
    write(&file, broken).expect("a file");
    browser.open(&file);
    assert!(browser.run("return document.scripts.length").as_u64() > Some(1));
    assert_ne!(browser.run("return document.title"), "owned");
    assert!(!browser.has_dialog());
    let log = browser.log().join("\n");
    assert!(log.contains("Content Security Policy"), "{log}");
}

/// Gives all text whose contrast is too low, by the rule of WCAG's level AA.
const LOW_CONTRAST: &str = "
    const numbers = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
    const light = (rgb) => {
        const [r, g, b] = rgb.map((it) => (it /= 255) <= .04045 ? it / 12.92 : ((it + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b;
    };
    const behind = (it) => {
        for (; it; it = it.parentElement) {
            const colour = numbers(getComputedStyle(it).backgroundColor);
            if (colour.length === 3) return colour;
        }
        return [255, 255, 255];
    };
    const low = new Set();
    for (const it of document.body.querySelectorAll('*')) {
        if (![...it.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
        if (['SCRIPT', 'title', 'desc'].includes(it.tagName) || !it.getClientRects().length) continue;
        const style = getComputedStyle(it);
        const text = numbers(it.tagName === 'text' ? style.fill : style.color).slice(0, 3);
        const [one, other] = [light(text), light(behind(it))].sort((a, b) => b - a);
        const ratio = (one + .05) / (other + .05);
        if (ratio < 4.5) low.add(it.tagName + '.' + it.classList + ' ' + ratio.toFixed(2));
    }
    return [...low];";

/// Gives what somebody who does not see the page would miss.
const UNREACHED: &str = "
    const all = (selector) => [...document.querySelectorAll(selector)];
    const ids = all('[id]').map((it) => it.id);
    const missing = ids.filter((it, at) => ids.indexOf(it) !== at).map((it) => 'twice: ' + it);
    const levels = all('h1,h2,h3,h4').map((it) => +it.tagName[1]);
    levels.forEach((it, at) => { if (it > (levels[at - 1] ?? 0) + 1) missing.push('heading ' + at); });
    for (const it of all('[aria-labelledby]')) {
        for (const id of it.getAttribute('aria-labelledby').split(' ')) {
            if (!document.getElementById(id)?.textContent.trim()) missing.push('label ' + id);
        }
    }
    for (const it of all('table')) {
        if (!it.caption?.textContent) missing.push('caption');
        if (all('th').some((head) => !head.scope)) missing.push('scope');
    }
    for (const it of all('input')) if (!it.labels.length) missing.push('label of input');
    for (const it of all('svg')) {
        const isNamed = it.role === 'img' && it.querySelector('title') && it.querySelector('desc');
        if (!isNamed && it.ariaHidden !== 'true') missing.push('picture');
    }
    for (const it of all('svg[role=img]')) {
        if (!it.closest('.pair').querySelector('table tbody tr')) missing.push('table of picture');
    }
    for (const it of all('.scroll')) if (it.tabIndex !== 0) missing.push('keyboard');
    if (document.documentElement.lang !== 'en') missing.push('language');
    return missing;";

#[test]
fn it_is_legible_wide_and_narrow_in_light_dark_and_print() {
    let Some(browser) = Browser::start() else { return };
    let (sandbox, _) = attacked();
    browser.open(&sandbox.home().join("page.html"));
    for (width, scheme, media) in [
        (1280, "light", "screen"),
        (1280, "dark", "screen"),
        (400, "light", "screen"),
        (400, "dark", "screen"),
        (800, "dark", "print"),
    ] {
        browser.show(width, scheme, media);
        let place = format!("{width} {scheme} {media}");
        assert_eq!(browser.texts(LOW_CONTRAST), Vec::<String>::new(), "{place}");
        assert_eq!(browser.texts(UNREACHED), Vec::<String>::new(), "{place}");
        if media == "screen" {
            // Nothing but a table's own region scrolls sideways.
            let wide = browser.run("return document.documentElement.scrollWidth");
            assert!(wide.as_u64() <= Some(width.into()), "{place}: {wide}");
        }
        let picture = browser.screenshot();
        write(sandbox.home().join(format!("{width}-{scheme}-{media}.png")), &picture)
            .expect("a picture");
        assert!(picture.starts_with(b"\x89PNG\r\n\x1a\n") && picture.len() > 10_000, "{place}");
        let across = u32::from_be_bytes(picture[16..20].try_into().expect("its width"));
        assert_eq!(across, width, "{place}");
    }
}
