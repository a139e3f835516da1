//! Writes gauges in the text format of Prometheus. Names and labels are this program's own
//! words, never what a user could have named.

use std::fmt::Write;

/// A gauge, and its value for each of its labels.
#[derive(Clone, Debug)]
pub struct Gauge {
    pub name: &'static str,
    pub help: &'static str,
    pub samples: Vec<Sample>,
}

/// A value, and the labels that it is of.
#[derive(Clone, Debug)]
pub struct Sample {
    pub labels: Vec<(&'static str, &'static str)>,
    pub value: String,
}

/// Formats gauges; those without a value are left out.
#[must_use]
pub fn text(gauges: &[Gauge]) -> String {
    let mut text = String::new();
    for Gauge { name, help, samples } in gauges.iter().filter(|it| !it.samples.is_empty()) {
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for Sample { labels, value } in samples {
            let labels: Vec<_> =
                labels.iter().map(|(label, of)| format!("{label}=\"{of}\"")).collect();
            let labels = match &labels[..] {
                [] => String::new(),
                all => format!("{{{}}}", all.join(",")),
            };
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    }
    text
}
