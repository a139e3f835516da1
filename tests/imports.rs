//! The direction of imports, which a reader relies on: between the modules of the
//! crate, and between the files of a folder. The sources are read as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::read_to_string;
use std::path::Path;

/// The modules that each module may use.
const IMPORTS: [(&str, &[&str]); 9] = [
    ("model", &["model"]),
    ("store", &["model", "store", "digest", "failure", "stop_flag"]),
    ("output", &["model", "output", "stop_flag"]),
    ("audit_file", &["model", "store", "output", "audit_file", "failure", "lines", "stop_flag"]),
    (
        "cli",
        &[
            "model",
            "store",
            "output",
            "audit_file",
            "cli",
            "digest",
            "failure",
            "lines",
            "stop_flag",
        ],
    ),
    ("digest", &[]),
    ("lines", &[]),
    ("stop_flag", &[]),
    ("failure", &["model", "output", "stop_flag"]),
];

/// A module's path from the crate down, such as `store`, `postgres`, `tls`.
type Module = Vec<String>;

/// Every module of the crate, with the text of its file but for comments and tests.
fn modules() -> BTreeMap<Module, String> {
    fn add(folder: &Path, above: &Module, all: &mut BTreeMap<Module, String>) {
        for entry in folder.read_dir().expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().and_then(|it| it.to_str()).expect("a name in UTF-8");
            let mut module = above.clone();
            if !matches!(name, "lib" | "main" | "mod") {
                module.push(name.into());
            }
            if path.is_dir() {
                add(&path, &module, all);
            } else if path.extension().is_some_and(|it| it == "rs") && name != "main" {
                let text = read_to_string(&path).expect("a source file is UTF-8");
                let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                let is_code = |line: &&str| !line.trim_start().starts_with("//");
                all.insert(module, text.lines().filter(is_code).collect::<Vec<_>>().join("\n"));
            }
        }
    }
    let mut all = BTreeMap::new();
    add(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &Vec::new(), &mut all);
    all
}

/// The paths that a text begins with: more than one where braces open.
fn paths(text: &str) -> Vec<Module> {
    let end = text.find(|it: char| !it.is_alphanumeric() && it != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = match rest.strip_prefix("::") {
        Some(rest) => paths(rest),
        None if name.is_empty() && rest.starts_with('{') => return in_braces(&rest[1..]),
        None => vec![Vec::new()],
    };
    let with_name = |path: Module| [vec![name.to_owned()], path].concat();
    rest.into_iter().map(with_name).collect()
}

/// The paths between braces, behind the first of them.
fn in_braces(text: &str) -> Vec<Module> {
    let (mut all, mut depth, mut begins) = (Vec::new(), 0, 0);
    for (at, sign) in text.char_indices() {
        if depth == 0 && matches!(sign, ',' | '}') {
            all.extend(paths(text[begins..at].trim_start()));
            begins = at + 1;
        }
        match sign {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            _ => {}
        }
    }
    all
}

/// The modules that the text of a module names.
fn used(module: &Module, text: &str, all: &BTreeMap<Module, String>) -> BTreeSet<Module> {
    let starts = ["crate::", "super::", "self::"];
    let begins = starts.iter().flat_map(|it| text.match_indices(it)).map(|(at, _)| at);
    // What stands within a path or a name begins none.
    let begins = begins.filter(|&at| !text[..at].ends_with([':', '_']));
    let resolved = begins.flat_map(|at| paths(&text[at..])).map(|path| {
        let mut target = module.clone();
        for name in path {
            match name.as_str() {
                "crate" => target.clear(),
                "super" => drop(target.pop()),
                "self" => {}
                _ => target.push(name),
            }
        }
        // Behind the module stands what it has.
        while !all.contains_key(&target) {
            target.pop();
        }
        target
    });
    resolved.collect()
}

#[test]
fn imports_run_one_way() {
    let all = modules();
    for (module, text) in &all {
        // The root of the crate is beneath no rule.
        let Some(name) = module.first() else { continue };
        let (_, allowed) = IMPORTS.iter().find(|it| it.0 == name).expect(name);
        for used in used(module, text, &all) {
            let is_allowed = used.first().is_some_and(|name| allowed.contains(&name.as_str()));
            assert!(is_allowed, "{module:?} uses {used:?}");
        }
    }
    assert!(all.len() > 20, "only {} files were looked at", all.len());
}

type Uses = BTreeSet<(String, String)>;

/// What a module uses, also by way of others.
fn reached<'a>(uses: &'a Uses, from: &'a str) -> BTreeSet<&'a str> {
    let (mut reached, mut next) = (BTreeSet::new(), vec![from]);
    while let Some(at) = next.pop() {
        let targets = uses.iter().filter(|it| it.0 == at).map(|it| it.1.as_str());
        next.extend(targets.filter(|it| reached.insert(*it)));
    }
    reached
}

/// Those of a folder's modules that use one another.
fn circles(uses: &Uses) -> BTreeSet<String> {
    let circle_of = |one: &str| {
        let is_mutual = |other: &&str| reached(uses, other).contains(one);
        reached(uses, one).into_iter().filter(is_mutual).collect::<Vec<_>>().join(" ")
    };
    uses.iter().map(|it| circle_of(&it.0)).filter(|it| !it.is_empty()).collect()
}

/// What every engine has in its way stands in its folder and in these files, where the
/// compiler asks for a further engine's.
#[test]
fn engines_are_told_apart_in_three_files() {
    let all = modules();
    let tells_apart = |text: &str| {
        let variants = ["Dialect::Postgres =>", "Self::Postgres(", "Engine::Postgres(", "Server("];
        variants.iter().any(|it| text.contains(it))
    };
    let told = all.iter().filter(|(_, text)| tells_apart(text)).map(|(module, _)| module.join("/"));
    let inside = ["store/engine/postgres", "store/tests"];
    let told: Vec<_> = told.filter(|it| !inside.iter().any(|part| it.starts_with(part))).collect();
    assert_eq!(told, ["cli/location", "store/engine", "store/sql/dialect"]);
}

/// A module may use what the module around it has, which uses it in turn. Between the
/// modules of one folder, use goes one way.
#[test]
fn no_folder_has_a_circle() {
    let all = modules();
    let mut folders: BTreeMap<Module, Uses> = BTreeMap::new();
    for (module, text) in &all {
        for used in used(module, text, &all) {
            let depth = module.iter().zip(&used).take_while(|(one, other)| one == other).count();
            if let (Some(one), Some(other)) = (module.get(depth), used.get(depth)) {
                let uses = folders.entry(module[..depth].to_vec()).or_default();
                uses.insert((one.clone(), other.clone()));
            }
        }
    }
    let circles = folders.iter().flat_map(|(folder, uses)| {
        circles(uses).into_iter().map(|circle| format!("{}: {circle}", folder.join("/")))
    });
    assert_eq!(circles.collect::<Vec<_>>().join("\n"), "");
}
