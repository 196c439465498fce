//! The demo's goods are drawn, not photographed: one drawing per form, filled with a glaze, so that each variant has a
//! true picture and no photograph needs a licence.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use super::Refused;

#[derive(rust_embed::RustEmbed)]
#[folder = "templates/goods"]
struct Drawings;

/// The forms that goods are drawn in, one template each.
pub const FORMS: [&str; 8] = ["cup", "bowl", "gaiwan", "teapot", "caddy", "tray", "cloth", "whisk"];

/// What a form is filled with: name, shaded, lit and middle tone. The style sheet has a ground for each.
pub const GLAZES: [(&str, &str, &str, &str); 18] = [
    ("celadon", "#7fa995", "#a9cdbd", "#93bba9"),
    ("moon-white", "#c9c6ba", "#eceae2", "#dedbd0"),
    ("tenmoku", "#2d211b", "#5b4437", "#463329"),
    ("cobalt", "#24406e", "#5b7fb5", "#3f639b"),
    ("ash", "#7d7f78", "#aeb0a6", "#969890"),
    ("ochre", "#a8762c", "#d8ab63", "#c29145"),
    ("oxblood", "#5e1f1c", "#9c4a42", "#7d312b"),
    ("bamboo", "#a98a52", "#d9bf88", "#c4a86d"),
    ("walnut", "#4a3222", "#7d5a40", "#644631"),
    ("linen", "#b9ad97", "#e3dac7", "#d2c7b1"),
    ("indigo", "#26304f", "#55628c", "#3c4870"),
    ("iron", "#2b2c2d", "#57595a", "#404243"),
    ("snow", "#d3d8d9", "#fafbfb", "#eceff0"),
    ("tea-dust", "#59592f", "#8d8c56", "#737243"),
    ("sky", "#6f97ad", "#a9cbdb", "#8db3c6"),
    ("plum", "#5c3a55", "#93708c", "#785470"),
    ("copper", "#8a4b2a", "#c98558", "#ad6a40"),
    ("clay", "#9a5b40", "#c98d70", "#b47456"),
];
/// Pixels on a side: what a large screen shows of a plate.
const SIDE: u32 = 960;

/// Form and glaze of a drawn picture. `image` is the form, or form and glaze (`cup`, `cup/celadon`); a glaze among
/// `values`, the variant's own, goes before it.
pub fn find(image: &str, mut values: impl Iterator<Item = String>) -> Option<(&'static str, &'static str)> {
    let (form, own) = image.split_once('/').unwrap_or((image, ""));
    let form = FORMS.iter().find(|known| **known == form)?;
    Some((form, values.find_map(|value| glaze(&value)).or_else(|| glaze(own)).unwrap_or("celadon")))
}

/// The glaze of this name, if goods are drawn in it.
pub fn glaze(name: &str) -> Option<&'static str> {
    GLAZES.iter().map(|(known, ..)| *known).find(|known| *known == name)
}

/// A drawing as a PNG, fit to be uploaded.
pub fn png(form: &str, glaze: &str) -> Result<Vec<u8>, Refused> {
    let broken = |error: &dyn std::fmt::Display| Refused::Broken(error.to_string());
    let file = Drawings::get(&format!("{form}.svg")).ok_or(Refused::NotAPicture)?;
    let (_, dark, light, mid) = GLAZES.iter().find(|(known, ..)| *known == glaze).ok_or(Refused::NotAPicture)?;
    let mut svg = String::from_utf8_lossy(&file.data).into_owned();
    for (name, colour) in [("dark", dark), ("light", light), ("mid", mid)] {
        svg = svg.replace(&format!("{{{{ {name} }}}}"), colour);
    }
    let tree = Tree::from_str(&svg, &Options::default()).map_err(|error| broken(&error))?;
    let mut pixels = Pixmap::new(SIDE, SIDE).ok_or_else(|| Refused::Broken("it has no size".to_owned()))?;
    let scale = SIDE as f32 / tree.size().width();
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|error| broken(&error))
}
