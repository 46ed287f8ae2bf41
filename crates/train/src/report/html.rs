/// The whole file.
pub fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Training: {title}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<h1>Training: {title}</h1>\n{body}</body>\n</html>\n"
    )
}

/// Follows what the reader has chosen, light or dark.
const STYLE: &str = "
:root { color-scheme: light dark; --line: light-dark(#ccc, #444); }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1360px; margin: 1.5rem auto; padding: 0 1rem;
  color: light-dark(#1b1b1b, #e4e4e4); background: light-dark(#fff, #16181b); }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; } figcaption span { white-space: nowrap; margin-left: .8rem; }
figcaption i { display: inline-block; width: 1.4rem; margin-right: .3rem; vertical-align: middle; }
svg, img { display: block; width: 100%; height: auto; }
table { border-collapse: collapse; } .wide { overflow-x: auto; }
td, th { padding: .2rem .8rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
";

/// A heading with what belongs below it.
pub fn section(title: &str, body: &str) -> String {
    format!("<section>\n<h2>{}</h2>\n{body}</section>\n", escape(title))
}

/// A paragraph of plain text.
pub fn paragraph(text: &str) -> String {
    format!("<p>{}</p>\n", escape(text))
}

/// A table of plain texts; columns from `numbers` on are set to the right.
pub fn table(head: &[String], rows: &[Vec<String>], numbers: usize) -> String {
    let line = |tag: &str, cells: &[String]| {
        let cell = |(index, text): (usize, &String)| {
            let class = if index >= numbers { " class=\"number\"" } else { "" };
            format!("<{tag}{class}>{}</{tag}>", escape(text))
        };
        format!("<tr>{}</tr>\n", cells.iter().enumerate().map(cell).collect::<String>())
    };
    let rows: String = rows.iter().map(|row| line("td", row)).collect();
    format!("<div class=\"wide\"><table>\n{}{rows}</table></div>\n", line("th", head))
}

/// Plain text as HTML.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A JPEG file as an address.
pub fn jpeg_address(file: &[u8]) -> String {
    format!("data:image/jpeg;base64,{}", base64(file))
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let bits =
            part.iter().enumerate().fold(0u32, |bits, (index, &byte)| bits | u32::from(byte) << (16 - 8 * index));
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index)) as usize & 63];
            text.push(if index <= part.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        // RFC 4648, section 10.
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (bytes, expected) in cases {
            assert_eq!(base64(bytes.as_bytes()), expected);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xbf]), "+/+/");
    }

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<a \"b\"> & c"), "&lt;a &quot;b&quot;&gt; &amp; c");
        let table = table(&["a".to_string(), "b".to_string()], &[vec!["<i>".to_string(), "1".to_string()]], 1);
        assert!(table.contains("<td>&lt;i&gt;</td><td class=\"number\">1</td>"), "{table}");
    }
}
