//! Columns of times, in the forms that applications have.

use super::Compiler;
use super::names::{Found, Row};
use crate::failure::Failure;
use crate::model::time::{Moment, Timestamp};
use crate::store::schema::form::{Literal, Name, NameOr, TimeAs, TimeColumn};
use crate::store::schema::{ColumnKind, Time, TimeForm};
use crate::store::sql::{Text, sql};

/// As many seconds as fit between two times that both databases know.
const MOST_SECONDS: &str = "100000000000";

impl Compiler<'_> {
    /// The column of a time; `None`: it is not recorded. Of an expiry infinity is none.
    pub fn time(
        &self,
        row: &Row,
        column: &NameOr<TimeColumn>,
        is_expiry: bool,
    ) -> Result<Option<Time>, Failure> {
        let bare = TimeColumn {
            via: None,
            column: None,
            form: None,
            never: None,
            if_after: None,
            seconds: None,
            after: None,
        };
        let time = match column {
            NameOr::Name(name) => TimeColumn { column: Some(name.clone()), ..bare },
            NameOr::Table(time) => time.clone(),
        };
        let (name, found) = match (&time.column, &time.seconds, &time.after) {
            (Some(name), None, None) => {
                let found = match &time.via {
                    Some(via) => self.linked(row, via, name)?,
                    None => self.readable(row, name)?,
                };
                (name, found)
            }
            (None, Some(seconds), Some(after)) if time.via.is_none() => {
                return self.seconds_after(row, seconds, after, time.form);
            }
            (column, seconds, after) => {
                let name = column.as_ref().or(seconds.as_ref()).or(after.as_ref());
                let name = name.unwrap_or(&self.file().tokens.table);
                let problem = "a time takes a column, or seconds and after";
                return Err(self.described.mistake(name, problem));
            }
        };
        let Some(found) = found else { return Ok(None) };
        let form = self.form(name, found.kind, time.form)?;
        let mut sql = self.comparable(&found, form, time.form);
        if let Some(never) = &time.never {
            let never = self.never(name, form, never)?;
            sql = sql!["nullif(", sql, ", ", never, ")"];
        }
        if is_expiry && matches!(form, TimeForm::Timestamp | TimeForm::Timestamptz | TimeForm::Date)
        {
            sql = sql!["nullif(", sql, ", 'infinity')"];
        }
        if let Some(other) = &time.if_after {
            let found = self.required_readable(row, other)?;
            // In the same form: another would not sort among these times.
            if self.form(other, found.kind, time.form)? != form {
                let problem = format!(
                    "{} and {} are times of different forms",
                    name.get_ref(),
                    other.get_ref()
                );
                return Err(self.described.mistake(other, &problem));
            }
            let other = self.comparable(&found, form, time.form);
            sql = sql!["CASE WHEN ", sql, " > ", other, " THEN ", sql, " END"];
        }
        Ok(Some(Time::plain(sql.kept(), form)))
    }

    /// The form of a column of a time.
    pub fn form(
        &self,
        name: &Name,
        kind: ColumnKind,
        given: Option<TimeAs>,
    ) -> Result<TimeForm, Failure> {
        // SQLite lets a column hold what it likes, whatever its declaration says.
        if self.is_sqlite() {
            return match (given, kind) {
                (Some(TimeAs::Seconds), _) => Ok(TimeForm::Epoch),
                (Some(TimeAs::Milliseconds), _) => Ok(TimeForm::EpochMillis),
                (Some(TimeAs::Iso | TimeAs::SpacedWithZone), _) => Ok(TimeForm::Iso),
                (None, ColumnKind::Date) => Ok(TimeForm::IsoDate),
                (None, ColumnKind::Integer) => Err(self.asks_for_unit(name)),
                (Some(TimeAs::Spaced), _) | (None, ColumnKind::Text | ColumnKind::Any) => {
                    Ok(TimeForm::Spaced)
                }
                // Of numbers with fractions, say: a text would be written among them.
                (None, _) => Err(self.holds(name, kind, "not such times")),
            };
        }
        Ok(match (kind, given) {
            // Types of the server's own say what is in them.
            (ColumnKind::Timestamp, None | Some(TimeAs::Iso | TimeAs::Spaced)) => {
                TimeForm::Timestamp
            }
            (
                ColumnKind::Timestamptz,
                None | Some(TimeAs::Iso | TimeAs::Spaced | TimeAs::SpacedWithZone),
            ) => TimeForm::Timestamptz,
            (ColumnKind::Date, None) => TimeForm::Date,
            (ColumnKind::Integer, Some(TimeAs::Seconds)) => TimeForm::Epoch,
            (ColumnKind::Integer, Some(TimeAs::Milliseconds)) => TimeForm::EpochMillis,
            (ColumnKind::Integer, None) => return Err(self.asks_for_unit(name)),
            (ColumnKind::Text, Some(TimeAs::Spaced)) => TimeForm::Spaced,
            (ColumnKind::Text, Some(TimeAs::Iso | TimeAs::SpacedWithZone)) => TimeForm::Iso,
            _ => return Err(self.holds(name, kind, "not such times")),
        })
    }

    fn asks_for_unit(&self, name: &Name) -> Failure {
        let column = name.get_ref();
        let problem = format!("{column} holds integers: say as = \"seconds\" or \"milliseconds\"");
        self.described.mistake(name, &problem)
    }

    /// The column as it is compared: texts in one form, in which they sort as times.
    fn comparable(&self, found: &Found, form: TimeForm, given: Option<TimeAs>) -> Text {
        let Found { sql: column, kind } = found;
        match (form, given) {
            // Some rows have a T between date and time, which sorts behind a blank.
            (TimeForm::Spaced, _) if self.is_sqlite() => sql!["replace(", column, ", 'T', ' ')"],
            (TimeForm::Spaced, _) => {
                sql!["replace(", column, "::text, 'T', ' ') COLLATE \"C\""]
            }
            (TimeForm::Iso, _) if self.is_sqlite() => sql!["tokenctl_instant(", column, ")"],
            (TimeForm::Iso, _) => canonical(column),
            _ if *kind == ColumnKind::Castable => sql![column, "::text"],
            _ => sql![column],
        }
    }

    /// The value that stands for no time, in the form of the column.
    fn never(&self, name: &Name, form: TimeForm, never: &Literal) -> Result<Text, Failure> {
        let value = match (form, never) {
            (TimeForm::Epoch | TimeForm::EpochMillis, Literal::Integer(_))
            | (TimeForm::Spaced | TimeForm::IsoDate, Literal::Text(_)) => Some(never.value()),
            (_, Literal::Text(text)) => {
                Timestamp::from_any_zone(text).map(|time| form.value(Moment::at(time)))
            }
            _ => None,
        };
        let value = value.ok_or_else(|| {
            let problem = format!("never: {never} is no time as {} has it", name.get_ref());
            self.described.mistake(name, &problem)
        })?;
        Ok(self.bound(value))
    }

    /// The time so many seconds after another.
    fn seconds_after(
        &self,
        row: &Row,
        seconds: &Name,
        after: &Name,
        given: Option<TimeAs>,
    ) -> Result<Option<Time>, Failure> {
        let (Some(count), Some(from)) = (self.readable(row, seconds)?, self.readable(row, after)?)
        else {
            return Ok(None);
        };
        if !matches!(count.kind, ColumnKind::Integer | ColumnKind::Any) && !self.is_sqlite() {
            return Err(self.holds(seconds, count.kind, "not seconds"));
        }
        let form = self.form(after, from.kind, given)?;
        let from = self.comparable(&from, form, given);
        // What is beyond all calendars is as good as at their end.
        let pick = if self.is_sqlite() { ["min(", "max("] } else { ["least(", "greatest("] };
        let given = count.sql.clone();
        let count =
            sql![pick[1], "-", MOST_SECONDS, ", ", pick[0], MOST_SECONDS, ", ", count.sql, "))"];
        let sql = match form {
            TimeForm::Epoch => sql![from, " + ", count],
            TimeForm::EpochMillis => sql![from, " + 1000 * ", count],
            TimeForm::Timestamp | TimeForm::Timestamptz => {
                sql![from, " + ", count, " * INTERVAL '1 second'"]
            }
            TimeForm::Spaced if self.is_sqlite() => later("'%Y-%m-%d %H:%M:%S'", &from, &count),
            TimeForm::Iso if self.is_sqlite() => later("'%Y-%m-%dT%H:%M:%S'", &from, &count),
            _ => {
                let problem = format!("seconds cannot be added to {}", after.get_ref());
                return Err(self.described.mistake(after, &problem));
            }
        };
        // Where the seconds are NULL it never expires; PostgreSQL's least would leave them out.
        let sql = if self.is_sqlite() {
            // What is no number, or no time, is told when the row is read.
            sql![
                "CASE WHEN ",
                given,
                " IS NULL OR ",
                from,
                " IS NULL THEN NULL WHEN ",
                sql!["typeof(", given, ") = 'integer'"],
                " THEN coalesce(",
                sql,
                ", 'no time') ELSE 'no number' END",
            ]
        } else {
            let column = self.required(row, seconds)?;
            sql!["CASE WHEN ", column.sql, " IS NOT NULL THEN ", sql, " END"]
        };
        Ok(Some(Time::plain(sql.kept(), form)))
    }
}

/// A text of a time in SQLite so many seconds later, in a form without the fraction, which
/// stays as it is: SQLite would round it.
fn later(form: &'static str, from: &Text, seconds: &Text) -> Text {
    let whole =
        sql!["strftime(", form, ", substr(", from, ", 1, 19), ", seconds, " || ' seconds')"];
    sql![whole, " || substr(", from, ", 20)"]
}

/// A text of a time in PostgreSQL as [`TimeForm::Iso`] has it, in which texts sort as times. A
/// text that is no time stays what it is, for decoding to tell; no cast fails for one.
fn canonical(column: &Text) -> Text {
    const FORM: &str = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})? ?(Z|[+-]\d\d(:?\d\d)?)?$";
    let part = |from: &'static str| sql!["substr(", column, ", ", from, ")::int"];
    let seconds = sql!["substring(", column, r" from ':\d\d:(\d\d(?:\.\d+)?)')::float8"];
    let local = sql![
        "TIMESTAMP '0001-01-01' + make_interval(years => ",
        part("1, 4"),
        " - 1, months => ",
        part("6, 2"),
        " - 1, days => ",
        part("9, 2"),
        " - 1, hours => ",
        part("12, 2"),
        ", mins => ",
        part("15, 2"),
        ", secs => ",
        seconds,
        ")",
    ];
    let hours = sql!["substring(", column, r" from '([+-]\d\d):?(?:\d\d)?$')"];
    let minutes = sql!["substring(", column, r" from '[+-]\d\d:?(\d\d)$')"];
    // The sign of the hours is that of the minutes.
    let offset =
        sql!["(coalesce(", hours, ", '+00') || ':' || coalesce(", minutes, ", '00'))::interval"];
    let day = sql!["to_char(", local, ", 'YYYY-MM-DD') = substr(", column, ", 1, 10)"];
    sql![
        "CASE WHEN ",
        column,
        " ~ '",
        FORM,
        "' AND ",
        day,
        " THEN to_char(",
        local,
        " - ",
        offset,
        r#", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') ELSE "#,
        column,
        " END COLLATE \"C\"",
    ]
}

impl TimeAs {
    /// Whether a column of this kind would hold times of the form, and does not tell by
    /// itself which.
    pub(super) fn fits(self, kind: ColumnKind) -> bool {
        match self {
            Self::Seconds | Self::Milliseconds => {
                matches!(kind, ColumnKind::Integer | ColumnKind::Any | ColumnKind::Other)
            }
            Self::Iso | Self::Spaced | Self::SpacedWithZone => {
                matches!(kind, ColumnKind::Text | ColumnKind::Any)
            }
        }
    }
}
