//! The one TLS provider of the process.

/// Installs the provider of cryptography. Must run before the first HTTP client or
/// secure socket is made; a second call changes nothing.
pub fn install_tls_provider() {
    // It fails only when there is one already, which is what is wanted.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
