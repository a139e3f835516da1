use std::collections::HashMap;

use proptest::prelude::*;

use super::super::parameters::PARAMETERS;
use super::*;

const SECRET: &str = "Tr0ub4dor";

fn settings(url: &str, variables: &[(&str, &str)]) -> Result<Settings, Failure> {
    let mut environment = HashMap::from([("HOME", "/home/ops"), ("PGUSER", "ops")]);
    environment.extend(variables.iter().copied());
    Settings::new(url, &|name| environment.get(name).map(Into::into))
}

fn read(url: &str) -> Settings {
    settings(url, &[]).unwrap()
}

/// The settings of a URL and variables, as messages show them.
fn shown(url: &str, variables: &[(&str, &str)]) -> String {
    settings(url, variables).unwrap().to_string()
}

fn refused(url: &str, variables: &[(&str, &str)]) -> String {
    let failure = settings(url, variables).err().unwrap_or_else(|| panic!("{url} is taken"));
    assert!(format!("{failure:?}").contains("kind: Usage"), "{failure:?}");
    failure.to_string()
}

#[test]
fn urls_are_read() {
    let cases = [
        ("postgres://", "postgres://ops@/ops"),
        ("postgresql:///gitlab", "postgres://ops@/gitlab"),
        ("postgres://root@/gitlabhq_production", "postgres://root@/gitlabhq_production"),
        ("postgres://db1/gitlab", "postgres://ops@db1:5432/gitlab"),
        ("postgres://:5433/gitlab", "postgres://ops@:5433/gitlab"),
        ("postgres://a:b@db1:5433,db2/x", "postgres://a@db1:5433,db2:5432/x"),
        ("postgres://a@[::1]:5433,[2001:db8::7]/x", "postgres://a@[::1]:5433,[2001:db8::7]:5432/x"),
        ("postgres://%2Ftmp:5433/x", "postgres://ops@%2Ftmp:5433/x"),
        ("postgres:///x?host=/tmp&port=5433", "postgres://ops@%2Ftmp:5433/x"),
        ("postgres://db1/x?host=db2,db3&port=1", "postgres://ops@db2:1,db3:1/x"),
        ("postgres://u%40corp:p%3Aw@db1/d%2Fb", "postgres://u%40corp@db1:5432/d%2Fb"),
        ("postgres://db1?dbname=x&user=y", "postgres://y@db1:5432/x"),
        ("postgres://@db1:/?", "postgres://ops@db1:5432/ops"),
    ];
    for (url, expected) in cases {
        assert_eq!(shown(url, &[]), expected, "{url}");
    }
}

#[test]
fn the_url_beats_the_environment() {
    let environment = [
        ("PGHOST", "db9"),
        ("PGPORT", "5439"),
        ("PGDATABASE", "other"),
        ("PGUSER", "somebody"),
        ("PGPASSWORD", "from the environment"),
        ("PGSSLMODE", "verify-full"),
    ];
    assert_eq!(shown("postgres://", &environment), "postgres://somebody@db9:5439/other");
    assert_eq!(shown("postgres://db1", &environment), "postgres://somebody@db1:5439/other");
    // As in libpq, a list of hosts without ports is a list of empty ports.
    assert_eq!(shown("postgres://a,b", &environment), "postgres://somebody@a:5432,b:5432/other");
    let it = settings("postgres://me:mine@db1:1/x?sslmode=disable", &environment).unwrap();
    assert_eq!(it.to_string(), "postgres://me@db1:1/x");
    assert_eq!(it.password.as_deref(), Some("mine"));
    assert_eq!(it.ssl_mode, SslMode::Disable);
    let it = settings("postgres://", &environment).unwrap();
    assert_eq!(it.password.as_deref(), Some("from the environment"));
    assert_eq!(it.ssl_mode, SslMode::VerifyFull);
}

#[test]
fn empty_variables_count_as_unset() {
    let names = PARAMETERS.iter().map(|(_, variable)| *variable);
    let names = names.chain(REFUSED.iter().map(|(variable, _)| *variable));
    let empty: Vec<_> = names.filter(|&name| name != "PGUSER").map(|name| (name, "")).collect();
    assert_eq!(shown("postgres://", &empty), "postgres://ops@/ops");
}

#[test]
fn defaults_are_sane() {
    let it = read("postgres://db1/x");
    assert_eq!(it.limit, Some(Duration::from_secs(10)));
    assert_eq!(it.ssl_mode, SslMode::Prefer);
    assert_eq!(it.targets, [Target::Any]);
    assert_eq!(it.config.get_application_name(), Some("tokenctl"));
    assert_eq!(it.config.get_options(), None);
    assert_eq!(it.roots, Roots::Default(Some("/home/ops/.postgresql/root.crt".into())));
    let file = PasswordFile { path: "/home/ops/.pgpass".into(), is_named: false };
    assert_eq!(it.password_file, Some(file));
}

#[test]
fn parameters_are_read() {
    let it = read(
        "postgres://db1/x?connect_timeout=0&application_name=a%20b&options=-c%20geqo%3Doff\
         &sslmode=require\
         &target_session_attrs=prefer-standby&passfile=/p&sslrootcert=/r",
    );
    assert_eq!(it.limit, None);
    assert_eq!(it.config.get_application_name(), Some("a b"));
    assert_eq!(it.config.get_options(), Some("-c geqo=off"));
    assert_eq!(it.ssl_mode, SslMode::Require);
    assert_eq!(it.targets, [Target::Standby, Target::Any]);
    assert_eq!(it.password_file, Some(PasswordFile { path: "/p".into(), is_named: true }));
    assert_eq!(it.roots, Roots::File("/r".into()));
    assert_eq!(read("postgres://db1?sslrootcert=system").ssl_mode, SslMode::VerifyFull);
}

#[test]
fn what_is_wrong_is_named_without_its_value() {
    let cases = [
        ("mysql://db1/x", "it is not a postgres:// URL"),
        ("postgres://db1/x?sslcert=secret", "the URL's parameter 'sslcert' is not supported"),
        ("postgres:///x?hostaddr=::1", "the URL's parameter 'hostaddr' is not supported"),
        ("postgres://db1/x?secret", "a parameter of the URL has no '='"),
        ("postgres://db1:secret/x", "the URL's port is not from 1 to 65535"),
        ("postgres://db1:0/x", "the URL's port is not from 1 to 65535"),
        ("postgres://db1:65536/x", "the URL's port is not from 1 to 65535"),
        (
            "postgres://db1,db2/x?port=1,2,3",
            "the URL's port must have one entry, or one for each host",
        ),
        ("postgres://[::1/x", "a host of the URL is malformed"),
        ("postgres://[::1]5432/x", "a host of the URL is malformed"),
        ("postgres://[]/x", "a host of the URL is malformed"),
        ("postgres://ops:100%@db1/x", "the URL's password is not percent-encoded text"),
        ("postgres://ops:%zz@db1/x", "the URL's password is not percent-encoded text"),
        ("postgres://ops:%00@db1/x", "the URL's password is not percent-encoded text"),
        ("postgres://o%FF@db1/x", "the URL's user is not percent-encoded text"),
        (
            "postgres://db1/x?sslmode=",
            "the URL's sslmode is not one of disable, prefer, require, verify-ca, verify-full",
        ),
        (
            "postgres://db1/x?sslmode=allow",
            "the URL's sslmode is 'allow', which uses no encryption if the server accepts that",
        ),
        (
            "postgres://db1/x?sslmode=require&sslrootcert=system",
            "the URL's sslmode must be verify-full with sslrootcert=system",
        ),
        ("postgres://db1/x?connect_timeout=10s", "the URL's connect_timeout is not a number"),
        (
            "postgres://db1/x?target_session_attrs=master",
            "the URL's target_session_attrs is not one of any, read-write, primary, standby, prefer-standby",
        ),
    ];
    for (url, expected) in cases {
        assert_eq!(refused(url, &[]), expected, "{url}");
    }
    assert_eq!(refused("postgres://", &[("PGPORT", "x")]), "PGPORT is not from 1 to 65535");
    for &(variable, reason) in REFUSED {
        let message = refused("postgres://", &[(variable, "secret")]);
        assert_eq!(message, format!("{variable} is set, but {reason}"));
    }
}

#[test]
fn a_password_that_is_not_encoded_is_refused_rather_than_shown() {
    for password in ["Tr0ub4@dor", "1/Tr0ub4dor", "1?Tr0ub4dor=1", "@/?Tr0ub4dor", "a/@Tr0ub4dor"] {
        let url = format!("postgres://ops:{password}@db1/x");
        let message = refused(&url, &[]);
        assert!(!message.contains("Tr0ub4"), "{message}");
    }
}

proptest! {
    #[test]
    fn no_url_is_too_strange(url in "(postgres://)?[a-z0-9:@/?&=,%\\[\\].\\PC]{0,40}") {
        if let Ok(it) = settings(&url, &[]) {
            let again = read(&it.to_string());
            prop_assert_eq!(again.to_string(), it.to_string());
            prop_assert_eq!(again.user, it.user);
            prop_assert_eq!(again.database, it.database);
        }
    }

    #[test]
    fn no_message_holds_the_password(
        before in "[a-z0-9:@/?&=,%\\[\\]]{0,6}",
        after in "[a-z0-9:@/?&=,%\\[\\]]{0,6}",
        rest in "@[a-z0-9:,/?&=]{0,20}",
    ) {
        let url = format!("postgres://ops:{before}{SECRET}{after}{rest}");
        let (said, driver) = match settings(&url, &[]) {
            Ok(it) => (it.to_string(), format!("{:?}", it.config)),
            Err(failure) => (format!("{failure:?}"), String::new()),
        };
        prop_assert!(!said.contains(SECRET), "{url}: {said}");
        prop_assert!(!driver.contains(SECRET), "{url}: {driver}");
    }

    #[test]
    fn whatever_is_encoded_is_read_back(
        user in "[^\0]{1,8}", password in "[^\0]{1,8}", database in "[^\0]{1,8}",
    ) {
        let [user, password, database] = [user, password, database];
        let url = format!(
            "postgres://{}:{}@db1/{}", Encoded(&user), Encoded(&password), Encoded(&database)
        );
        let it = read(&url);
        prop_assert_eq!(it.password, Some(password));
        prop_assert_eq!((it.user, it.database), (user, database));
    }
}
