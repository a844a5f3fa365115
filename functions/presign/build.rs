//! Links presign at a fixed address, to shorten its cold start. See `docs/decisions/0012`.

fn main() {
    // In a position-independent executable the loader relocates every address before `main`. That was a large part of
    // the difference between presign's cold start and that of a hello-world function.
    println!("cargo:rustc-link-arg-bins=-no-pie");
    println!("cargo:rerun-if-changed=build.rs");
}
