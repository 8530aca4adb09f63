//! Nesting in TOML, looked at before the text is parsed.
//!
//! Each level costs stack in all that reads the text. The parser's own limits, 80 brackets within
//! each other and 80 names in each key, allow for 6,400 levels, and a thread's stack does not.

use toml_parser::{Source, lexer::TokenKind};

/// The largest number of brackets within each other. The layers of a net need four.
const MAX_BRACKETS: usize = 16;
/// The largest number of names in a key; `train.loss.triplet.margin` has four.
pub(super) const MAX_NAMES: usize = 8;

/// The words for what is nested too deeply.
pub(super) const TOO_DEEP: &str = "it is nested too deeply: a recipe has at most 16 brackets within each other, and \
                                   8 names in a key";

/// Returns the byte from which on `toml` is nested too deeply, if it is.
pub(super) fn too_deep(toml: &str) -> Option<usize> {
    let (mut brackets, mut dots) = (0_usize, 0);
    for token in Source::new(toml).lex() {
        match token.kind() {
            TokenKind::LeftSquareBracket | TokenKind::LeftCurlyBracket => {
                (brackets, dots) = (brackets + 1, 0)
            }
            TokenKind::RightSquareBracket | TokenKind::RightCurlyBracket => {
                (brackets, dots) = (brackets.saturating_sub(1), 0);
            }
            TokenKind::Dot => dots += 1,
            TokenKind::Equals
            | TokenKind::Comma
            | TokenKind::Comment
            | TokenKind::Newline
            | TokenKind::Eof => {
                dots = 0;
            }
            // Names, and what may stand between them.
            TokenKind::Whitespace
            | TokenKind::Atom
            | TokenKind::LiteralString
            | TokenKind::BasicString
            | TokenKind::MlLiteralString
            | TokenKind::MlBasicString => {}
        }
        if brackets > MAX_BRACKETS || dots >= MAX_NAMES {
            return Some(token.span().start());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{MAX_BRACKETS, MAX_NAMES, TOO_DEEP, too_deep};

    #[test]
    fn brackets_and_names_are_counted() {
        assert_eq!((MAX_BRACKETS, MAX_NAMES), (16, 8));
        assert!(TOO_DEEP.contains("16 brackets") && TOO_DEEP.contains("8 names"));
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(too_deep(&format!("a = {}\nb = {}", nested(16), nested(16))), None);
        assert_eq!(too_deep(&format!("a = {}", nested(17))), Some(20));
        assert_eq!(too_deep("a.b.c.d . \"e\" . 'f' . g.h = 1.5\nb = 2.5 # ........."), None);
        assert_eq!(too_deep("a.b.c.d.e.f.g.h.i = 1"), Some(15));
        assert_eq!(too_deep("a = \"[[[[[[[[[[[[[[[[[[ ............\""), None);
        assert_eq!(too_deep(&format!("a = [{}]", "1.5, ".repeat(20))), None);
    }
}
