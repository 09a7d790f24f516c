//! The fonts of our papers, for what is put on them later: signatures and marks.

/// Tinos, which has the measures of Times New Roman.
pub const REGULAR: &[u8] = include_bytes!("../fonts/Tinos_400Regular.ttf");
/// Its italics.
pub const ITALIC: &[u8] = include_bytes!("../fonts/Tinos_400Regular_Italic.ttf");
/// Its bold.
pub const BOLD: &[u8] = include_bytes!("../fonts/Tinos_700Bold.ttf");
/// Its bold italics.
pub const BOLD_ITALIC: &[u8] = include_bytes!("../fonts/Tinos_700Bold_Italic.ttf");
