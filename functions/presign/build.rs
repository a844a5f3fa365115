//! Links presign at a fixed address, for its cold start; `docs/decisions/0012` weighs it.

fn main() {
    // A position-independent executable makes the loader adjust every address in it before `main`, which was a good
    // part of what presign started later than a hello-world function.
    println!("cargo:rustc-link-arg-bins=-no-pie");
    println!("cargo:rerun-if-changed=build.rs");
}
