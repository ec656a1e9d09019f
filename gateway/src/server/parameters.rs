//! The parameters of an address: `?query=…&sources=a,b`.

use percent_encoding::percent_decode;

/// Parameters in the order given.
#[derive(Debug, Default)]
pub(super) struct Parameters(Vec<(String, String)>);

/// Why they cannot be read.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// Percent-encoded bytes that are not UTF-8.
    #[error("The address has parameters that are not UTF-8.")]
    Encoding,
    /// A parameter that must be there once at most.
    #[error("The parameter `{0}` is given more than once.")]
    Repeated(&'static str),
}

impl Parameters {
    /// Reads `application/x-www-form-urlencoded` text.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, Fault> {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?, decode(value)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// The value of a parameter that may be there once.
    pub(super) fn once(&self, name: &'static str) -> Result<Option<&str>, Fault> {
        let mut values = self.0.iter().filter(|(given, _)| given == name).map(|(_, value)| value.as_str());
        let value = values.next();
        if values.next().is_some() { Err(Fault::Repeated(name)) } else { Ok(value) }
    }
}

fn decode(text: &str) -> Result<String, Fault> {
    let spaced = text.replace('+', " ");
    percent_decode(spaced.as_bytes()).decode_utf8().map(Into::into).map_err(|_| Fault::Encoding)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn plus_and_percent_are_decoded() {
        let parameters = Parameters::parse(Some("query=%7B+a%2Bb+%7D&x&sources=a,b")).unwrap();
        assert_eq!(parameters.once("query").unwrap(), Some("{ a+b }"));
        assert_eq!(parameters.once("x").unwrap(), Some(""));
        assert_eq!(parameters.once("sources").unwrap(), Some("a,b"));
        assert_eq!(parameters.once("absent").unwrap(), None);
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_refused() {
        assert_eq!(Parameters::parse(Some("query=%ff")).unwrap_err(), Fault::Encoding);
    }

    #[test]
    fn a_repeated_parameter_is_refused() {
        let parameters = Parameters::parse(Some("query=a&query=b")).unwrap();
        assert_eq!(parameters.once("query"), Err(Fault::Repeated("query")));
    }
}
