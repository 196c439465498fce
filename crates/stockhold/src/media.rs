//! Pictures of goods: what somebody uploads becomes files that every browser shows quickly and that tell nothing else.
//!
//! Promise: bytes are sniffed and measured before anything is decoded; turned upright, brought to sRGB and encoded anew,
//! so that no place, no camera and no script leaves with them. The original stays in the data folder and is never served.

pub mod drawings;

use std::io::Cursor;
use std::path::{Path, PathBuf};

use fast_image_resize::images::Image as Pixels;
use fast_image_resize::{PixelType, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageEncoder, ImageFormat, ImageReader, Limits, RgbaImage};
use sha2::{Digest, Sha256};

/// The largest upload: a camera's JPEG is half of it.
pub const BYTES_MAX: usize = 20 * 1024 * 1024;
/// The most pixels: 200 MB when decoded.
pub const PIXELS_MAX: u64 = 50_000_000;
/// One side alone; a strip of 1 by 50 million is no picture.
const SIDE_MAX: u32 = 20_000;
/// What decoding may take at once: the pixels in 16 bits, and some room.
const ALLOC_BYTES_MAX: u64 = PIXELS_MAX * 8 + 64 * 1024 * 1024;
/// Widths that pictures are served in; never larger than they came.
const WIDTHS: [i64; 5] = [320, 640, 960, 1280, 1920];
/// How hard WebP and JPEG squeeze: where the eye does not see it yet.
const WEBP_QUALITY: f32 = 80.0;
const JPEG_QUALITY: u8 = 82;
/// The picture that other sites show beside a link to ours.
pub const PREVIEW: &str = "preview.jpg";
const PREVIEW_SIZE: (u32, u32) = (1200, 630);
/// From this share of transparent pixels on, the ground shines through.
const SEE_THROUGH_PERCENT: usize = 1;
/// Goods lighter than this stand on a darker ground, or nobody would see their edge.
const PALE_FROM: f32 = 0.82;
/// Below this there is no colour to speak of.
const GREY_CHROMA: f32 = 0.012;

/// A picture that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// SHA-256 of what came, as hexadecimal digits: the name of its files.
    pub digest: String,
    pub width: i64,
    pub height: i64,
    /// Classes of the style sheet: `tint-17`, with ` pale` for light goods.
    pub tint: String,
    pub see_through: bool,
}

/// Why a picture is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("The file has more than 20 MB.")]
    TooLarge,
    #[error("SVG is not taken, because it can carry scripts. Send JPEG, PNG, WebP or GIF.")]
    Svg,
    #[error("This is not a picture. Send JPEG, PNG, WebP or GIF.")]
    NotAPicture,
    #[error("The picture has {width} × {height} pixels; 50 million are the most, and 20000 on a side.")]
    TooManyPixels { width: u32, height: u32 },
    #[error("The picture is broken: {0}")]
    Broken(String),
    #[error("The picture cannot be stored: {0}")]
    Unwritable(String),
}

/// The folder of pictures.
#[derive(Debug, Clone)]
pub struct Media {
    folder: PathBuf,
}

/// A picture as it is shown: upright, in sRGB, with nothing beside its pixels.
struct Shown {
    pixels: RgbaImage,
    see_through: bool,
    colour: Colour,
}

/// What a picture's goods are like, in OKLCH.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Colour {
    light: f32,
    chroma: f32,
    hue: f32,
}

/// Widths in which a picture of this width is served.
pub fn widths(width: i64) -> Vec<i64> {
    let smaller: Vec<i64> = WIDTHS.into_iter().filter(|served| *served <= width).collect();
    if smaller.is_empty() { vec![width] } else { smaller }
}

impl Media {
    pub fn of(data_dir: &Path) -> Media {
        Media { folder: data_dir.join("media") }
    }

    /// Takes a picture in: looks at it, keeps the original. Takes a while; not for an async thread.
    pub fn accept(&self, bytes: &[u8]) -> Result<Accepted, Refused> {
        let shown = read(bytes)?;
        let digest = digest(bytes);
        self.write(&digest, "original", bytes)?;
        Ok(Accepted {
            digest,
            width: i64::from(shown.pixels.width()),
            height: i64::from(shown.pixels.height()),
            tint: shown.colour.tint(),
            see_through: shown.see_through,
        })
    }

    /// Makes every file of a picture, so that its first visitors need not wait.
    pub fn make_all(&self, accepted: &Accepted) -> Result<(), Refused> {
        let shown = read(&self.original(&accepted.digest)?)?;
        for width in widths(accepted.width) {
            for ending in ["webp", "jpg"] {
                let name = format!("{width}.{ending}");
                self.write(&accepted.digest, &name, &shown.encode(&name)?)?;
            }
        }
        self.write(&accepted.digest, PREVIEW, &shown.encode(PREVIEW)?)
    }

    /// The bytes of one file, made now if nobody has asked for it before. `None`: there is no such file.
    pub fn file(&self, digest: &str, width: i64, name: &str) -> Result<Option<Vec<u8>>, Refused> {
        let is_ours = name == PREVIEW
            || widths(width).iter().any(|width| ["webp", "jpg"].iter().any(|end| name == format!("{width}.{end}")));
        if !is_ours || !is_digest(digest) {
            return Ok(None);
        }
        if let Ok(bytes) = std::fs::read(self.folder.join(digest).join(name)) {
            return Ok(Some(bytes));
        }
        let bytes = read(&self.original(digest)?)?.encode(name)?;
        self.write(digest, name, &bytes)?;
        Ok(Some(bytes))
    }

    fn original(&self, digest: &str) -> Result<Vec<u8>, Refused> {
        std::fs::read(self.folder.join(digest).join("original")).map_err(unwritable)
    }

    /// Whole or not at all: a file under its name is finished.
    fn write(&self, digest: &str, name: &str, bytes: &[u8]) -> Result<(), Refused> {
        let folder = self.folder.join(digest);
        std::fs::create_dir_all(&folder).map_err(unwritable)?;
        let mut file = tempfile::NamedTempFile::new_in(&folder).map_err(unwritable)?;
        std::io::Write::write_all(&mut file, bytes).map_err(unwritable)?;
        file.persist(folder.join(name)).map(drop).map_err(|error| unwritable(error.error))
    }
}

fn unwritable(error: std::io::Error) -> Refused {
    Refused::Unwritable(error.to_string())
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether these bytes would be taken; nothing is stored.
pub fn look(bytes: &[u8]) -> Result<(), Refused> {
    read(bytes).map(drop)
}

/// The name of a picture's files: SHA-256 of what came.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Looks at the bytes, then at the size they announce, and only then at the picture.
fn read(bytes: &[u8]) -> Result<Shown, Refused> {
    if bytes.len() > BYTES_MAX {
        return Err(Refused::TooLarge);
    }
    let format = sniff(bytes)?;
    let broken = |error: image::ImageError| Refused::Broken(error.to_string());
    let mut limits = Limits::default();
    limits.max_image_width = Some(SIDE_MAX);
    limits.max_image_height = Some(SIDE_MAX);
    limits.max_alloc = Some(ALLOC_BYTES_MAX);
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.no_limits(); // The size is looked at here first, so that the answer can name it.
    let (width, height) = reader.into_dimensions().map_err(broken)?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX || width.max(height) > SIDE_MAX {
        return Err(Refused::TooManyPixels { width, height });
    }
    if width == 0 || height == 0 || (format == ImageFormat::Jpeg && !jpeg_ends(bytes)) {
        return Err(Refused::Broken("it breaks off".to_owned()));
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(broken)?;
    // A picture without, or with unreadable, notes on how it was held is taken as it lies.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let profile = decoder.icc_profile().ok().flatten();
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(broken)?;
    decoded.apply_orientation(orientation);
    let mut pixels = decoded.into_rgba8();
    if let Some(profile) = profile {
        to_srgb(&mut pixels, &profile);
    }
    let count = pixels.pixels().len().max(1);
    let clear = pixels.pixels().filter(|pixel| pixel[3] < 250).count();
    let see_through = clear * 100 / count >= SEE_THROUGH_PERCENT;
    let colour = Colour::of(&pixels)?;
    Ok(Shown { pixels, see_through, colour })
}

/// What the bytes say they are; names and types that travel with them say nothing.
fn sniff(bytes: &[u8]) -> Result<ImageFormat, Refused> {
    match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP | ImageFormat::Gif)) => Ok(format),
        _ => {
            let start = String::from_utf8_lossy(&bytes[..bytes.len().min(1024)]).to_lowercase();
            Err(if start.contains("<svg") { Refused::Svg } else { Refused::NotAPicture })
        }
    }
}

/// A JPEG that was cut short is filled up in grey by its decoder, without a word. A whole one ends in its end marker;
/// what cameras hang behind it does not matter.
fn jpeg_ends(bytes: &[u8]) -> bool {
    // The scan is the last part: the end marker stands behind the last start of a scan.
    let scan = bytes.windows(2).rposition(|pair| pair == [0xff, 0xda]).unwrap_or(0);
    bytes[scan..].windows(2).any(|pair| pair == [0xff, 0xd9])
}

/// Colours of another profile, as sRGB shows them. A profile that cannot be read, or is not of red, green and blue,
/// changes nothing.
fn to_srgb(pixels: &mut RgbaImage, profile: &[u8]) {
    use moxcms::{ColorProfile, Layout, TransformOptions};
    let Ok(profile) = ColorProfile::new_from_slice(profile) else { return };
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let Ok(transform) = profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgba, options) else { return };
    let before = pixels.as_raw().clone();
    let mut after = vec![0; before.len()];
    if transform.transform(&before, &mut after).is_ok() {
        pixels.copy_from_slice(&after);
    }
}

impl Shown {
    /// The bytes of the file of this name.
    fn encode(&self, name: &str) -> Result<Vec<u8>, Refused> {
        if name == PREVIEW {
            return self.preview();
        }
        let width: u32 = name.split('.').next().and_then(|width| width.parse().ok()).unwrap_or(self.pixels.width());
        let width = width.clamp(1, self.pixels.width());
        let height = scaled(self.pixels.height(), width, self.pixels.width());
        let pixels = resized(&self.pixels, width, height)?;
        if name.ends_with(".webp") { Ok(webp(&pixels, self.see_through)) } else { jpeg(&flat(&pixels, self.ground())) }
    }

    fn preview(&self) -> Result<Vec<u8>, Refused> {
        let (width, height) = PREVIEW_SIZE;
        let mut plate = RgbaImage::from_pixel(width, height, image::Rgba(self.ground()));
        let (room_x, room_y) = if self.see_through { (width * 7 / 8, height * 7 / 8) } else { (width, height) };
        let own = (self.pixels.width(), self.pixels.height());
        let by_height = (scaled(own.0, room_y, own.1), room_y);
        let size = if by_height.0 <= room_x { by_height } else { (room_x, scaled(own.1, room_x, own.0)) };
        let pixels = resized(&self.pixels, size.0.max(1), size.1.max(1))?;
        let (x, y) = ((width - size.0.min(width)) / 2, (height - size.1.min(height)) / 2);
        image::imageops::overlay(&mut plate, &pixels, i64::from(x), i64::from(y));
        jpeg(&plate)
    }

    /// The colour of the plate that the style sheet puts below it.
    fn ground(&self) -> [u8; 4] {
        self.colour.ground()
    }
}

fn scaled(side: u32, to: u32, of: u32) -> u32 {
    let scaled = (u64::from(side) * u64::from(to) + u64::from(of) / 2) / u64::from(of.max(1));
    u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
}

fn resized(pixels: &RgbaImage, width: u32, height: u32) -> Result<RgbaImage, Refused> {
    if (width, height) == pixels.dimensions() {
        return Ok(pixels.clone());
    }
    let broken = |error: &dyn std::fmt::Display| Refused::Broken(error.to_string());
    let source = Pixels::from_vec_u8(pixels.width(), pixels.height(), pixels.as_raw().clone(), PixelType::U8x4);
    let source = source.map_err(|error| broken(&error))?;
    let mut target = Pixels::new(width, height, PixelType::U8x4);
    Resizer::new().resize(&source, &mut target, None).map_err(|error| broken(&error))?;
    RgbaImage::from_raw(width, height, target.into_vec()).ok_or_else(|| Refused::Broken("it lost its size".to_owned()))
}

/// JPEG knows no transparency: the picture is put on its own ground.
fn flat(pixels: &RgbaImage, ground: [u8; 4]) -> RgbaImage {
    let mut plate = RgbaImage::from_pixel(pixels.width(), pixels.height(), image::Rgba(ground));
    image::imageops::overlay(&mut plate, pixels, 0, 0);
    plate
}

fn webp(pixels: &RgbaImage, see_through: bool) -> Vec<u8> {
    let (width, height) = pixels.dimensions();
    if see_through {
        return webp::Encoder::from_rgba(pixels.as_raw(), width, height).encode(WEBP_QUALITY).to_vec();
    }
    webp::Encoder::from_rgb(&rgb(pixels), width, height).encode(WEBP_QUALITY).to_vec()
}

fn jpeg(pixels: &RgbaImage) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
        .write_image(&rgb(pixels), pixels.width(), pixels.height(), ExtendedColorType::Rgb8)
        .map_err(|error| Refused::Broken(error.to_string()))?;
    Ok(bytes)
}

fn rgb(pixels: &RgbaImage) -> Vec<u8> {
    pixels.pixels().flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect()
}

impl Colour {
    /// The colour of a picture's goods, taken together.
    fn of(pixels: &RgbaImage) -> Result<Colour, Refused> {
        let (width, height) = (pixels.width().min(64), pixels.height().min(64));
        let small = resized(pixels, width, height)?;
        let (mut light, mut a, mut b, mut shown) = (0.0, 0.0, 0.0, 0.0);
        for pixel in small.pixels().filter(|pixel| pixel[3] > 128) {
            let lab = oklab([pixel[0], pixel[1], pixel[2]]);
            light += lab[0];
            a += lab[1];
            b += lab[2];
            shown += 1.0;
        }
        let shown = f32::max(shown, 1.0);
        let (a, b) = (a / shown, b / shown);
        Ok(Colour { light: light / shown, chroma: a.hypot(b), hue: b.atan2(a).to_degrees().rem_euclid(360.0) })
    }

    /// Ten degrees of hue make one class of the style sheet.
    fn bucket(self) -> Option<u16> {
        (self.chroma >= GREY_CHROMA).then_some((self.hue / 10.0).round() as u16 % 36)
    }

    fn tint(self) -> String {
        let hue = self.bucket().map_or_else(|| "n".to_owned(), |bucket| bucket.to_string());
        format!("tint-{hue}{}", if self.light > PALE_FROM { " pale" } else { "" })
    }

    /// What the style sheet makes of the tint: the same three numbers stand in `shop.css`.
    fn ground(self) -> [u8; 4] {
        let light = if self.light > PALE_FROM { 0.905 } else { 0.935 };
        let chroma = if self.bucket().is_some() { 0.018 } else { 0.004 };
        let hue = f32::from(self.bucket().map_or(165, |bucket| bucket * 10)).to_radians();
        srgb([light, chroma * hue.cos(), chroma * hue.sin()])
    }
}

/// Björn Ottosson's OKLab, from sRGB.
fn oklab(rgb: [u8; 3]) -> [f32; 3] {
    let linear = rgb.map(|channel| {
        let channel = f32::from(channel) / 255.0;
        if channel <= 0.040_45 { channel / 12.92 } else { ((channel + 0.055) / 1.055).powf(2.4) }
    });
    let [red, green, blue] = linear;
    let l = (0.412_221_46 * red + 0.536_332_55 * green + 0.051_445_995 * blue).cbrt();
    let m = (0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_96 * blue).cbrt();
    let s = (0.088_302_46 * red + 0.281_718_85 * green + 0.629_978_7 * blue).cbrt();
    [
        0.210_454_26 * l + 0.793_617_8 * m - 0.004_072_047 * s,
        1.977_998_5 * l - 2.428_592_2 * m + 0.450_593_7 * s,
        0.025_904_037 * l + 0.782_771_77 * m - 0.808_675_77 * s,
    ]
}

fn srgb([light, a, b]: [f32; 3]) -> [u8; 4] {
    let l = (light + 0.396_337_78 * a + 0.215_803_76 * b).powi(3);
    let m = (light - 0.105_561_346 * a - 0.063_854_17 * b).powi(3);
    let s = (light - 0.089_484_18 * a - 1.291_485_5 * b).powi(3);
    let linear = [
        4.076_741_7 * l - 3.307_711_6 * m + 0.230_969_94 * s,
        -1.268_438 * l + 2.609_757_4 * m - 0.341_319_4 * s,
        -0.004_196_086 * l - 0.703_418_6 * m + 1.707_614_7 * s,
    ];
    let [red, green, blue] = linear.map(|channel: f32| {
        let channel = channel.clamp(0.0, 1.0);
        let channel = if channel <= 0.003_130_8 { channel * 12.92 } else { 1.055 * channel.powf(1.0 / 2.4) - 0.055 };
        (channel * 255.0).round() as u8
    });
    [red, green, blue, 255]
}

#[cfg(test)]
mod tests;
