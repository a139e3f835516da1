//! What counting takes beside the best GROUP BY by hand. Both sides print the same lines,
//! which is checked before they are timed.

use anyhow::Result;

use crate::beside::{Beside, Line, MEMORY};
use crate::compare::compare;
use crate::stores::{Bench, Size};

/// Work, as both sides are told to do it.
struct Row {
    /// What tokens are grouped by; `total`: the totals are counted.
    by: &'static str,
    ours: &'static str,
    /// What the shell counts: groups, as `name` and `n`.
    groups: &'static str,
    /// What shares are shares of.
    total: &'static str,
    order: &'static str,
}

const AT_MOST: f64 = 1.1;
const OF_GROUPS: &str = "(SELECT sum(n) FROM g)";

const TOTALS: &str = "
    WITH t AS MATERIALIZED (SELECT count(*) AS total,
        count(*) FILTER (WHERE NOT revoked AND (expires_at IS NULL OR expires_at > '2024-03-15'))
            AS active,
        count(*) FILTER (WHERE NOT revoked AND expires_at <= '2024-03-15') AS expired,
        count(*) FILTER (WHERE revoked) AS revoked,
        count(*) FILTER (WHERE last_used_at IS NULL) AS never_used,
        count(*) FILTER (WHERE created_at < '2023-12-16T12:00:00.000Z'
            AND (last_used_at IS NULL OR last_used_at < '2023-12-16T12:00:00.000Z')) AS unused,
        count(*) FILTER (WHERE expires_at IS NULL) AS no_expiry
        FROM personal_access_tokens)
    SELECT 'total' AS name, total AS n FROM t UNION ALL SELECT 'active', active FROM t
    UNION ALL SELECT 'expired', expired FROM t UNION ALL SELECT 'revoked', revoked FROM t
    UNION ALL SELECT 'never_used', never_used FROM t UNION ALL SELECT 'unused_90d', unused FROM t
    UNION ALL SELECT 'no_expiry', no_expiry FROM t";

/// The number of tokens of each owner, by an index.
macro_rules! by_owner {
    ($name:literal, $groups:literal) => {
        concat!(
            "SELECT u.",
            $name,
            " AS name, sum(c.n) AS n FROM (SELECT user_id, count(*) AS n \
             FROM personal_access_tokens GROUP BY user_id) c \
             JOIN users u ON u.id = c.user_id GROUP BY ",
            $groups
        )
    };
}

macro_rules! of_owner {
    ($by:literal, $column:literal) => {
        Row {
            by: $by,
            ours: concat!("--as root stats --by ", $by, " -o csv"),
            groups: by_owner!($column, "1"),
            total: OF_GROUPS,
            order: "n DESC, name",
        }
    };
}

macro_rules! of_time {
    ($by:literal, $column:literal) => {
        Row {
            by: $by,
            ours: concat!("--as root stats --by ", $by, " -o csv"),
            groups: concat!(
                "SELECT substr(",
                $column,
                ", 1, 7) || '-01' AS name, count(*) AS n FROM personal_access_tokens GROUP BY 1"
            ),
            total: OF_GROUPS,
            order: "name NULLS LAST",
        }
    };
}

const ROWS: [Row; 8] = [
    Row {
        by: "total",
        ours: "--as root stats -o csv",
        groups: TOTALS,
        total: "(SELECT n FROM g LIMIT 1)",
        order: "NULL",
    },
    Row { groups: by_owner!("username", "u.id"), ..of_owner!("user", "username") },
    Row {
        by: "scope",
        ours: "--as root stats --by scope -o csv",
        groups: "SELECT s.value AS name, count(*) AS n \
                 FROM personal_access_tokens t, json_each(t.scopes) s GROUP BY 1",
        // A token has several.
        total: "(SELECT count(*) FROM personal_access_tokens)",
        order: "n DESC, name",
    },
    of_owner!("user-type", "user_type"),
    of_owner!("user-state", "state"),
    of_time!("created", "created_at"),
    of_time!("expires", "expires_at"),
    of_time!("last-used", "last_used_at"),
];

impl Row {
    /// The statement that puts out what ours does.
    fn statement(&self) -> String {
        let Self { by, groups, total, order, .. } = self;
        let share = "rtrim(rtrim(printf('%.4f', 1.0 * n / total), '0'), '.')";
        let all = if *by == "total" {
            ""
        } else {
            "SELECT 'total', 'total', total, '1' FROM a UNION ALL"
        };
        format!(
            "WITH g AS MATERIALIZED ({groups}), a (total) AS MATERIALIZED (SELECT {total}), \
             lines (\"by\", \"group\", count, share) AS ({all} \
             SELECT * FROM (SELECT '{by}', name, n, {share} FROM g, a ORDER BY {order})) \
             SELECT * FROM lines"
        )
    }
}

/// The command lines of the rows.
pub fn names() -> impl Iterator<Item = &'static str> {
    ROWS.iter().map(|row| row.ours)
}

/// Measures the rows.
pub fn measure(bench: &Bench, beside: &Beside) -> Result<()> {
    for row in ROWS.iter().filter(|row| bench.wants(row.ours)) {
        let store = bench.store(Size::Large)?;
        let sides = [
            bench.ours(&store, row.ours),
            bench.shell(&store, "-readonly -csv -header", Some(&row.statement())),
        ];
        let lines = compare(&sides[0], &sides[1])?;
        let rounds = bench.in_turn(sides.len(), |side| sides[side].run())?;
        let line = Line {
            ours: row.ours,
            shell: "-csv -header".into(),
            tokens: bench.tokens(Size::Large),
            lines,
            at_most: AT_MOST,
            memory_at_most: MEMORY,
        };
        beside.print(bench, &line, &rounds)?;
    }
    Ok(())
}
