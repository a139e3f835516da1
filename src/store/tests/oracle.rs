//! The store's answers against an oracle in plain Rust: every flag and pair of flags, as
//! every role, on every schema and engine.

use std::fmt::Debug;

use super::*;

/// A row that can be read; `None` while there is none.
pub(super) fn unbroken<P>(row: Result<Streamed<Row<P>>>) -> Option<Result<P>> {
    match row {
        Ok(Streamed::Pause) => None,
        Ok(Streamed::Row(row)) => Some(row.map_err(|broken| anyhow::anyhow!("{broken:?}"))),
        Err(error) => Some(Err(error)),
    }
}

pub(super) fn listed<T: Stored, P: Projection<T> + Send>(
    store: &Store,
    query: &ListQuery<T>,
    sort: Sort,
    limit: Option<u64>,
) -> Result<Vec<P>> {
    let options = ListOptions { sort, limit, now: now()? };
    store.list(query, &options, |rows| rows.filter_map(unbroken).collect())
}

pub(super) fn previewed<T: Stored + Token>(
    store: &Store,
    query: &RevokeQuery<T>,
) -> Result<Vec<T>> {
    store.preview::<T, T, _>(query, now()?, |rows| rows.filter_map(unbroken).collect())
}

/// The order that a list promises, in plain Rust: NULLs last ascending and first
/// descending, ties by id in the same direction.
fn sorted<T: Token>(mut tokens: Vec<T>, sort: Sort) -> Vec<T> {
    tokens.sort_by(|a, b| {
        let by_key = match sort.key {
            SortKey::Id => std::cmp::Ordering::Equal,
            SortKey::Created => {
                let key =
                    |it: &T| (it.properties().created_at.is_none(), it.properties().created_at);
                key(a).cmp(&key(b))
            }
            SortKey::LastUsed => {
                let key = |it: &T| (it.last_used_at().is_none(), it.last_used_at());
                key(a).cmp(&key(b))
            }
            SortKey::Expires => {
                let key =
                    |it: &T| (it.properties().expires_at.is_none(), it.properties().expires_at);
                key(a).cmp(&key(b))
            }
            SortKey::Name => a.properties().name.cmp(&b.properties().name),
        };
        let ascending = by_key.then(a.id().cmp(&b.id()));
        if sort.descending { ascending.reverse() } else { ascending }
    });
    tokens
}

/// Compares a list with the oracle, for a query that is permitted.
pub(super) fn check<T>(
    store: &Store,
    query: &ListQuery<T>,
    expected: Vec<T>,
    sort: Sort,
    what: &str,
) -> Result<()>
where
    T: Stored + Token + PartialEq,
{
    let expected = sorted(expected, sort);
    assert_eq!(listed::<_, T>(store, query, sort, None)?, expected, "{what}, {}", sort.name());
    let ids: Vec<TokenId> = expected.iter().map(Token::id).collect();
    assert_eq!(listed::<_, TokenId>(store, query, sort, None)?, ids, "ids of {what}");
    let first: Vec<T> = expected.into_iter().take(2).collect();
    assert_eq!(
        listed::<_, T>(store, query, sort, Some(2))?,
        first,
        "{what}, {} --limit 2",
        sort.name()
    );
    Ok(())
}

/// Compares which tokens are shown, whatever else a filter would ask, with the oracle.
pub(super) fn check_shown<T>(
    store: &Store,
    actor: &Actor,
    everything: &[T],
    is_reached: impl Fn(&T) -> bool,
    what: &str,
) -> Result<()>
where
    T: Stored + Token + PartialEq,
{
    for token in everything {
        let shown = store.show(&actor.to_show::<T>(token.id())?, now()?)?;
        let expected = is_reached(token).then(|| Ok(token.clone()));
        assert_eq!(shown, expected, "{what}: token {}", token.id());
    }
    assert_eq!(store.show(&actor.to_show::<T>(TokenId::from(99))?, now()?)?, None, "{what}");
    Ok(())
}

/// Compares the decisions of a revocation on every id, and on a missing one, with the
/// oracle.
pub(super) fn check_revoke<T>(
    store: &Store,
    query: &RevokeQuery<T>,
    everything: &[T],
    is_reached: impl Fn(&T) -> bool,
    is_done: impl Fn(&T) -> bool,
    what: &str,
) -> Result<()>
where
    T: Stored + Token + Debug,
{
    let missing = TokenId::from(99);
    let mut ids: Vec<_> = everything.iter().map(Token::id).collect();
    ids.push(missing.clone());
    let query = query.among(ids.iter().cloned().collect());
    let filter = query.selection().filter();
    let now = now()?;
    let is_kept = |token: &T| token.is_kept_by(filter, now) && !is_done(token);
    let options = BatchOptions {
        now,
        run: None,
        recorder: None,
        chosen: None,
        fits: None,
        newest: None,
        free_until: None,
    };
    let decisions = store.revoke(&query, &options)?.decisions;
    assert_eq!(decisions.len(), ids.len(), "{what}");
    for (token, outcome) in everything.iter().zip(&decisions) {
        let is_right = match outcome {
            Decision::Deny(id) => !is_reached(token) && *id == token.id(),
            Decision::AlreadyRevoked(it) => it.id() == token.id() && is_done(token),
            Decision::Spare(it) => it.id() == token.id() && !is_kept(token),
            Decision::Revoke(it) => {
                it.id() == token.id() && !token.properties().revoked && is_kept(token)
            }
            Decision::Unresolved(_) | Decision::Broken(_) => false,
        };
        assert!(is_right, "{what}: token {} is {outcome:?}", token.id());
        let is_denied = matches!(outcome, Decision::Deny(_));
        assert_eq!(is_denied, !is_reached(token), "{what}: token {} is {outcome:?}", token.id());
    }
    assert!(matches!(decisions.last(), Some(Decision::Deny(id)) if *id == missing), "{what}");
    Ok(())
}

#[test]
fn personal_access_tokens_are_those_of_the_oracle_for_every_pair_of_flags() -> Result<()> {
    for store in stores()? {
        check_personal_access_tokens(&store)?;
    }
    Ok(())
}

/// An actor as the oracle knows them.
struct Role<'r> {
    actor: &'r Actor,
    store: &'r Store,
}

impl Role<'_> {
    fn owns(&self, token: &PersonalAccessToken) -> bool {
        self.actor.is_admin()
            || token.user_id.is_some() && token.user_id.as_ref() == self.actor.id()
    }

    /// Whether the token is listed, and may be revoked.
    fn reaches(&self, token: &PersonalAccessToken) -> bool {
        self.owns(token) && (self.actor.is_admin() || token.impersonation != Some(true))
    }

    fn may_name(&self, user: &OwnerRef) -> bool {
        let me = self.actor.id().cloned().map(OwnerRef::User);
        self.actor.is_admin() || Some(user) == me.as_ref()
    }

    /// Whether nothing is left to revoke. Where revoking sets the expiry, so it is with what
    /// has expired.
    fn is_done(&self, token: &PersonalAccessToken) -> bool {
        let expires = self.store.schema.personal_access_tokens.token.revoke.expires;
        token.token.revoked || expires && token.token.is_expired(now().expect("a time"))
    }
}

fn check_personal_access_tokens(store: &Store) -> Result<()> {
    let root = actor(store, "root")?;
    let all = root.to_list(personal_access_token::Filter::default())?;
    let everything: Vec<PersonalAccessToken> = listed(store, &all, Sort::BY_ID, None)?;
    let schema = store.description().name;
    assert!(everything.len() >= 16, "{schema}");

    let filters = personal_filters();
    for (number, role) in ROLES.into_iter().enumerate() {
        // Not every application has a user whose name is digits, or a Developer.
        let actor = match actor(store, role) {
            Err(_) if number >= 2 => continue,
            actor => actor?,
        };
        check_role(store, &actor, &everything, &filters, |pair| is_tried(store, pair, number))?;
    }
    Ok(())
}

/// Compares all that an actor may do with the oracle, for those pairs of filters that are
/// tried.
pub(super) fn check_role(
    store: &Store,
    actor: &Actor,
    everything: &[PersonalAccessToken],
    filters: &[(String, personal_access_token::Filter)],
    is_tried: impl Fn([usize; 2]) -> bool,
) -> Result<()> {
    let role = Role { actor, store };
    let what = format!("{} as {}", store.description().name, actor.username());
    check_shown(store, actor, everything, |token| role.owns(token), &what)?;
    let mut sorts =
        Sort::all(PersonalAccessToken::SORT_KEYS).filter(|sort| records(store, sort.key)).cycle();
    for (index, (name, one)) in filters.iter().enumerate() {
        for (other_index, (other_name, other)) in filters.iter().enumerate().skip(index) {
            if !is_tried([index, other_index]) {
                continue;
            }
            let filter = both(one, other);
            let what = format!("{what}: {name} {other_name}");
            let now = now()?;
            let reached = everything.iter().filter(|it| role.reaches(it));
            let reached: Vec<_> =
                reached.filter(|it| it.is_kept_by(&filter, now)).cloned().collect();

            let mut named = filter.users.iter().chain(&filter.except_users);
            let denied = named.any(|user| !role.may_name(user));
            let list = actor.to_list::<PersonalAccessToken>(filter.clone());
            assert_eq!(list.is_err(), denied, "{what}");
            let Ok(list) = list else { continue };
            let sort = sorts.next().unwrap_or(Sort::BY_ID);
            let revoke = actor.to_revoke::<PersonalAccessToken>(filter.clone())?;
            if asks_too_much(store, &filter) {
                let refusal =
                    listed::<_, PersonalAccessToken>(store, &list, sort, None).expect_err(&what);
                assert_eq!(failure::kind(&refusal), Kind::Usage, "{what}: {refusal:#}");
                let refusal = previewed(store, &revoke).expect_err(&what);
                assert_eq!(failure::kind(&refusal), Kind::Usage, "{what}: {refusal:#}");
                continue;
            }
            check(store, &list, reached.clone(), sort, &what)?;
            let mut unrevoked = reached;
            unrevoked.retain(|it| !role.is_done(it));
            assert_eq!(previewed(store, &revoke)?, unrevoked, "{what}");
            check_revoke(
                store,
                &revoke,
                everything,
                |it| role.reaches(it),
                |it| role.is_done(it),
                &what,
            )?;
        }
    }
    Ok(())
}

/// Whether tokens are in order by a key.
pub(super) fn records(store: &Store, key: SortKey) -> bool {
    let columns = &store.schema.personal_access_tokens;
    match key {
        SortKey::Id => true,
        SortKey::Created => columns.token.created_at.is_some(),
        SortKey::LastUsed => columns.last_used_at.is_some(),
        SortKey::Expires => columns.token.expires_at.is_some(),
        SortKey::Name => columns.token.name.is_some(),
    }
}
