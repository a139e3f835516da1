//! Filters of every flag, which the tests combine.

use super::*;

/// Filters of one flag each, with its name.
pub(super) fn shared_filters() -> Vec<(String, TokenFilter)> {
    shared_filters_of(&Id::Integer)
}

/// The same where the tokens have other ids: those of the first, the second, and so on.
pub(super) fn shared_filters_of(id: &dyn Fn(i64) -> Id) -> Vec<(String, TokenFilter)> {
    let ids = |numbers: &[i64]| -> IdList {
        let mut ids: IdList = numbers.iter().map(|number| id(*number)).collect();
        ids.sort();
        ids
    };
    let mut filters = vec![("(none)".to_string(), TokenFilter::default())];
    let mut add = |name: &str, set: &dyn Fn(&mut TokenFilter)| {
        let mut filter = TokenFilter::default();
        set(&mut filter);
        filters.push((name.into(), filter));
    };
    add("ID", &|it| it.ids = Some(ids(&[2])));
    add("ID ID ID", &|it| it.ids = Some(ids(&[1, 2, 7, 8, 9, 99])));
    add("(no ID)", &|it| it.ids = Some(ids(&[])));
    for state in StateFilter::ALL {
        add(&format!("--state {}", state.name()), &|it| it.states = vec![state]);
    }
    for is in [true, false] {
        add(&format!("--revoked={is}"), &|it| it.revoked = Some(is));
        add(&format!("--expired={is}"), &|it| it.expired = Some(is));
        add(&format!("--no-expiry={is}"), &|it| it.no_expiry = Some(is));
    }
    for text in ["2024-02-01T00:00:00.000", "2024-03-15T12:00:00.000", "2023-03-14T00:00:00.001"] {
        add(&format!("--created-after {text}"), &|it| it.created_after = at(text));
        add(&format!("--created-before {text}"), &|it| it.created_before = at(text));
    }
    for text in ["2024-03-14", "2024-03-15", "2024-03-16", "9999-12-31"] {
        add(&format!("--expires-after {text}"), &|it| it.expires_after = day(text));
        add(&format!("--expires-before {text}"), &|it| it.expires_before = day(text));
    }
    for text in ["2024-03-15", "2024-03-16", "2024-04-01"] {
        add(&format!("--expires-within (until {text})"), &|it| it.expires_within = day(text));
    }
    for words in ["ci", "backup ci", "_", "%", "drucker", "ü", "καφεσ", "k", "'", "deep", "\\"]
    {
        let words: Vec<String> = words.split(' ').map(Into::into).collect();
        add(&format!("--search '{}'", words.join(" ")), &|it| it.search = words.clone());
    }
    for scopes in ["api", "sudo read_user", "read_repository write_registry", "ap", "none"] {
        let scopes: Vec<String> = scopes.split(' ').map(Into::into).collect();
        add(&format!("--scope {}", scopes.join(" --scope ")), &|it| it.scopes = scopes.clone());
        add(&format!("--except-scope {}", scopes.join(" --except-scope ")), &|it| {
            it.except_scopes = scopes.clone();
        });
    }
    filters
}

/// A user as filters name them.
pub(super) fn user(id: i64) -> OwnerRef {
    OwnerRef::User(UserId::from(id))
}

pub(super) fn personal_filters() -> Vec<(String, personal_access_token::Filter)> {
    personal_filters_of(&Id::Integer, &Id::Integer)
}

/// The same where tokens and their owners have other ids.
pub(super) fn personal_filters_of(
    token: &dyn Fn(i64) -> Id,
    owner: &dyn Fn(i64) -> Id,
) -> Vec<(String, personal_access_token::Filter)> {
    let user = |number| OwnerRef::User(UserId(owner(number)));
    let mut filters: Vec<_> = shared_filters_of(token)
        .into_iter()
        .map(|(name, token)| (name, personal_access_token::Filter { token, ..Default::default() }))
        .collect();
    let mut add = |name: &str, set: &dyn Fn(&mut personal_access_token::Filter)| {
        let mut filter = personal_access_token::Filter::default();
        set(&mut filter);
        filters.push((name.into(), filter));
    };
    add("--user 2", &|it| it.users = vec![user(2)]);
    add("--user 2 --user 3", &|it| it.users = vec![user(2), user(3)]);
    add("--except-user 2", &|it| it.except_users = vec![user(2)]);
    add("--except-user 2 --except-user 3", &|it| it.except_users = vec![user(2), user(3)]);
    for user_type in UserType::ALL {
        add(&format!("--user-type {}", user_type.name()), &|it| it.user_types = vec![user_type]);
    }
    for user_state in UserState::ALL {
        add(&format!("--user-state {}", user_state.name()), &|it| {
            it.user_states = vec![user_state];
        });
    }
    for is in [true, false] {
        add(&format!("--impersonation={is}"), &|it| it.impersonation = Some(is));
        add(&format!("--never-used={is}"), &|it| it.never_used = Some(is));
    }
    for text in ["2024-03-15T00:00:00.000", "2023-12-16T12:00:00.000", "2023-12-16T11:59:59.999"] {
        add(&format!("--last-used-after {text}"), &|it| it.last_used_after = at(text));
        add(&format!("--last-used-before {text}"), &|it| it.last_used_before = at(text));
        add(&format!("--unused-for (since {text})"), &|it| it.unused_since = at(text));
    }
    filters
}

/// Both filters in one.
pub(super) fn both_shared(one: &TokenFilter, other: &TokenFilter) -> TokenFilter {
    let (one, other) = (one.clone(), other.clone());
    TokenFilter {
        ids: one.ids.or(other.ids),
        states: [one.states, other.states].concat(),
        revoked: one.revoked.or(other.revoked),
        expired: one.expired.or(other.expired),
        created_after: one.created_after.or(other.created_after),
        created_before: one.created_before.or(other.created_before),
        expires_after: one.expires_after.or(other.expires_after),
        expires_before: one.expires_before.or(other.expires_before),
        expires_within: one.expires_within.or(other.expires_within),
        no_expiry: one.no_expiry.or(other.no_expiry),
        search: [one.search, other.search].concat(),
        scopes: [one.scopes, other.scopes].concat(),
        except_scopes: [one.except_scopes, other.except_scopes].concat(),
    }
}

pub(super) fn both(
    one: &personal_access_token::Filter,
    other: &personal_access_token::Filter,
) -> personal_access_token::Filter {
    personal_access_token::Filter {
        token: both_shared(&one.token, &other.token),
        users: [one.users.clone(), other.users.clone()].concat(),
        except_users: [one.except_users.clone(), other.except_users.clone()].concat(),
        user_types: [one.user_types.clone(), other.user_types.clone()].concat(),
        user_states: [one.user_states.clone(), other.user_states.clone()].concat(),
        impersonation: one.impersonation.or(other.impersonation),
        last_used_after: one.last_used_after.or(other.last_used_after),
        last_used_before: one.last_used_before.or(other.last_used_before),
        never_used: one.never_used.or(other.never_used),
        unused_since: one.unused_since.or(other.unused_since),
    }
}
