//! What letters the bytes of a file are: UTF-8, or what Excel writes in China.

use super::sheet::SheetError;

/// The encodings that a file may be in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// With or without a byte mark.
    Utf8,
    /// Also GBK and GB 2312, which are parts of it.
    Gb18030,
}

impl Encoding {
    pub const ALL: [Encoding; 2] = [Encoding::Utf8, Encoding::Gb18030];

    pub fn as_str(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Gb18030 => "gb18030",
        }
    }

    pub fn parse(word: &str) -> Option<Encoding> {
        Encoding::ALL.into_iter().find(|encoding| encoding.as_str().eq_ignore_ascii_case(word))
    }

    /// The file as UTF-8; bytes that mean nothing in this encoding are an error, never a guess.
    pub fn decode(self, bytes: Vec<u8>) -> Result<String, SheetError> {
        match self {
            Encoding::Utf8 => String::from_utf8(bytes).map_err(|_| SheetError::NotUtf8),
            Encoding::Gb18030 => {
                let decoded = encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(&bytes);
                decoded.map(|text| text.into_owned()).ok_or(SheetError::NotGb18030)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_in_its_own_letters_or_not_at_all() {
        let (chinese, _, _) = encoding_rs::GB18030.encode("货号,数量\n茶杯,3\n");
        let chinese = chinese.into_owned();
        assert_eq!(Encoding::Gb18030.decode(chinese.clone()).expect("it is"), "货号,数量\n茶杯,3\n");
        assert!(matches!(Encoding::Utf8.decode(chinese), Err(SheetError::NotUtf8)));
        assert!(matches!(Encoding::Gb18030.decode(vec![0x81]), Err(SheetError::NotGb18030)));
        assert_eq!(Encoding::Utf8.decode("\u{feff}茶".as_bytes().to_vec()).expect("it is"), "\u{feff}茶");
    }
}
