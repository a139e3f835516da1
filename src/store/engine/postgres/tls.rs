//! TLS: the modes of encryption, the trusted root certificates, and the verification of the
//! server's certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{
    WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::failure::{Failure, Kind};

/// The values of `sslmode`, as [libpq] defines them.
///
/// [libpq]: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBPQ-SSL-PROTECTION
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SslMode {
    Disable,
    /// Encryption if the server supports it. Its certificate may be anybody's.
    Prefer,
    /// Encryption. The certificate may be anybody's, unless there is a file of roots.
    Require,
    /// Encryption, with a certificate that a trusted CA has signed.
    VerifyCa,
    /// As `VerifyCa`, and the certificate must name the host.
    VerifyFull,
}

/// The source of the trusted root certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roots {
    File(PathBuf),
    /// The operating system.
    System,
    /// This file if it exists, or else the operating system.
    Default(Option<PathBuf>),
}

impl Roots {
    fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::System => None,
            Self::Default(path) => path.as_deref().filter(|path| path.exists()),
        }
    }
}

/// The TLS client for a mode. In every mode the server must prove that it has the key of its
/// certificate.
///
/// # Errors
///
/// If root certificates are needed and cannot be read.
pub fn connector(mode: SslMode, roots: &Roots) -> Result<MakeRustlsConnect> {
    let mode = match (mode, roots.file()) {
        // As in libpq: https://www.postgresql.org/docs/current/libpq-ssl.html#LIBQ-SSL-CERTIFICATES
        (SslMode::Require, Some(_)) => SslMode::VerifyCa,
        (mode, _) => mode,
    };
    let provider = Arc::new(ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let any_name = |roots| Arc::new(AnyName { roots, algorithms });
    let builder = match mode {
        SslMode::VerifyFull => builder.with_root_certificates(read(roots)?),
        SslMode::VerifyCa => {
            builder.dangerous().with_custom_certificate_verifier(any_name(Some(read(roots)?)))
        }
        SslMode::Disable | SslMode::Prefer | SslMode::Require => {
            builder.dangerous().with_custom_certificate_verifier(any_name(None))
        }
    };
    Ok(MakeRustlsConnect::new(builder.with_no_client_auth()))
}

fn read(roots: &Roots) -> Result<RootCertStore, Failure> {
    let failed = |message| Failure::new(Kind::Failed, message);
    let mut store = RootCertStore::empty();
    if let Some(path) = roots.file() {
        let problem = |problem: &dyn std::fmt::Display| {
            failed(format!("cannot read root certificates from {}: {problem}", path.display()))
        };
        let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        let certificates: Vec<_> = read.map_err(|error| match error {
            pem::Error::Io(error) => problem(&error),
            error => problem(&error),
        })?;
        for certificate in certificates {
            store.add(certificate).map_err(|error| problem(&error))?;
        }
        if store.is_empty() {
            return Err(problem(&"there is no certificate in it"));
        }
    } else {
        // Some systems have broken certificates among their roots. The others still work.
        let loaded = rustls_native_certs::load_native_certs();
        store.add_parsable_certificates(loaded.certs);
        if store.is_empty() {
            let reasons = loaded.errors.iter().map(|error| format!(": {error}"));
            let reasons = reasons.collect::<String>();
            return Err(failed(format!("the system has no root certificates{reasons}"))
                .hint("install them (ca-certificates), or name a file with sslrootcert"));
        }
    }
    Ok(store)
}

/// A verifier that accepts a certificate for any name.
#[derive(Debug)]
struct AnyName {
    /// The trusted root certificates. With `None` the issuer may be anybody.
    roots: Option<RootCertStore>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(certificate)?;
            let algorithms = self.algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
