//! Files to upload: a picture, and a program.

/// A PNG.
pub const PICTURE: &[u8] = include_bytes!("../../assets/sluice.png");

/// The header of a Windows program, as far as content sniffing reads it. It can't be run.
#[must_use]
pub fn program() -> Vec<u8> {
    const PE_HEADER: u8 = 0x80;
    let mut bytes = vec![0; 1024];
    bytes[..2].copy_from_slice(b"MZ");
    bytes[0x3c] = PE_HEADER;
    // The signature, the machine (x86-64), and a magic number that says 64 bits.
    bytes[0x80..0x86].copy_from_slice(b"PE\0\0\x64\x86");
    bytes[0x98..0x9a].copy_from_slice(&[0x0b, 0x02]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_begin_as_their_formats_do() {
        assert!(PICTURE.starts_with(b"\x89PNG\r\n\x1a\n"));
        let program = program();
        let header = usize::from(program[0x3c]);
        assert!(program.starts_with(b"MZ"));
        assert!(program[header..].starts_with(b"PE\0\0"));
    }
}
