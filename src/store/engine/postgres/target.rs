//! The kinds of server that `target_session_attrs` asks for.

/// A kind of server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Any,
    ReadWrite,
    Primary,
    Standby,
}

/// The values of `target_session_attrs`, each with the kinds of server in order of preference.
pub const TARGETS: &[(&str, &[Target])] = &[
    ("any", &[Target::Any]),
    ("read-write", &[Target::ReadWrite]),
    ("primary", &[Target::Primary]),
    ("standby", &[Target::Standby]),
    ("prefer-standby", &[Target::Standby, Target::Any]),
];

impl Target {
    /// The reason to pass over a server, if there is one.
    pub fn objection(self, is_standby: bool, is_read_only: bool) -> Option<&'static str> {
        match self {
            Self::ReadWrite | Self::Primary if is_standby => Some("is a standby"),
            Self::ReadWrite if is_read_only => Some("is read-only (default_transaction_read_only)"),
            Self::Standby if !is_standby => Some("is a primary"),
            Self::Any | Self::ReadWrite | Self::Primary | Self::Standby => None,
        }
    }

    /// The beginning of the message for the case that no host is of this kind.
    pub fn missing(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::ReadWrite => "no host takes writes: ",
            Self::Primary => "no host is a primary: ",
            Self::Standby => "no host is a standby: ",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_passed_over_for_what_it_is() {
        let [primary, read_only, standby] = [(false, false), (false, true), (true, true)];
        let cases = [
            (Target::Any, [true, true, true]),
            (Target::ReadWrite, [true, false, false]),
            (Target::Primary, [true, true, false]),
            (Target::Standby, [false, false, true]),
        ];
        for (target, serves) in cases {
            for (host, serves) in [primary, read_only, standby].into_iter().zip(serves) {
                let objection = target.objection(host.0, host.1);
                assert_eq!(objection.is_none(), serves, "{target:?} {host:?}");
            }
        }
    }
}
