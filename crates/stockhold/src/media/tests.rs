//! What comes in by the picture door: good pictures, strange ones, and files that only say they are pictures.

use image::codecs::png::PngEncoder;
use image::{Rgb, RgbImage, Rgba};

use super::*;

fn folder() -> (tempfile::TempDir, Media) {
    let folder = tempfile::tempdir().expect("a folder");
    let media = Media::of(folder.path());
    (folder, media)
}

/// Red on the left, blue on the right.
fn flag(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([200, 30, 30]) } else { Rgb([30, 30, 200]) })
}

fn encoded(picture: &RgbImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(picture.clone()).write_to(&mut bytes, format).expect("it is encoded");
    bytes.into_inner()
}

/// A JPEG that says how the camera was held and where it stood.
fn held(picture: &RgbImage, orientation: u8) -> Vec<u8> {
    let jpeg = encoded(picture, ImageFormat::Jpeg);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x02".to_vec();
    exif.extend([0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]); // Orientation
    exif.extend(b"\x01\x0e\0\x02\0\0\0\x0c\0\0\0\x26\0\0\0\0SecretPlace\0"); // ImageDescription
    let length = u16::try_from(exif.len() + 2).expect("a short segment").to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

fn decoded(bytes: &[u8]) -> RgbaImage {
    image::load_from_memory(bytes).expect("a picture").into_rgba8()
}

fn contains(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

#[test]
fn a_picture_is_served_in_all_widths_that_it_has() {
    let (_folder, media) = folder();
    let accepted = media.accept(&encoded(&flag(1000, 500), ImageFormat::Png)).expect("it is taken");
    assert_eq!((accepted.width, accepted.height, accepted.see_through), (1000, 500, false));
    assert_eq!(widths(accepted.width), [320, 640, 960], "never larger than it came");
    assert_eq!(widths(200), [200]);
    media.make_all(&accepted).expect("its files are made");
    for (name, size) in [("320.webp", (320, 160)), ("960.jpg", (960, 480)), (PREVIEW, PREVIEW_SIZE)] {
        let bytes = media.file(&accepted.digest, accepted.width, name).expect("readable").expect("it is there");
        assert_eq!(decoded(&bytes).dimensions(), size, "{name}");
    }
    for name in ["1280.webp", "321.jpg", "original", "../original", "320.png", ""] {
        assert_eq!(media.file(&accepted.digest, accepted.width, name), Ok(None), "{name}");
    }
    assert_eq!(media.file("../../etc", 1000, "320.jpg"), Ok(None));
}

#[test]
fn a_file_that_nobody_asked_for_before_is_made_when_it_is() {
    let (_folder, media) = folder();
    let accepted = media.accept(&encoded(&flag(400, 400), ImageFormat::WebP)).expect("it is taken");
    let made = media.file(&accepted.digest, accepted.width, "320.webp").expect("it is made").expect("there is one");
    assert_eq!(media.file(&accepted.digest, accepted.width, "320.webp"), Ok(Some(made)));
}

#[test]
fn what_the_camera_knew_stays_behind_and_the_picture_stands_upright() {
    let (_folder, media) = folder();
    // 6: the camera was held so that the left of the picture is its top.
    let bytes = held(&flag(64, 32), 6);
    assert!(contains(&bytes, b"SecretPlace"));
    let accepted = media.accept(&bytes).expect("it is taken");
    assert_eq!((accepted.width, accepted.height), (32, 64));
    for name in ["32.jpg", "32.webp", PREVIEW] {
        let served = media.file(&accepted.digest, accepted.width, name).expect("it is made").expect("there is one");
        assert!(!contains(&served, b"SecretPlace") && !contains(&served, b"Exif"), "{name}");
    }
    let jpeg = decoded(&media.file(&accepted.digest, 32, "32.jpg").expect("made").expect("there"));
    let (top, bottom) = (jpeg.get_pixel(16, 8), jpeg.get_pixel(16, 56));
    assert!(top[0] > top[2] && bottom[2] > bottom[0], "red is on top: {top:?} {bottom:?}");
}

#[test]
fn colours_of_a_wide_screen_become_those_of_the_web() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().expect("a profile");
    let picture = RgbImage::from_pixel(32, 32, Rgb([120, 200, 120]));
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder.set_icc_profile(profile).expect("PNG takes profiles");
    encoder.write_image(&picture, 32, 32, ExtendedColorType::Rgb8).expect("it is encoded");
    let shown = read(&bytes).expect("it is read");
    let pixel = shown.pixels.get_pixel(5, 5);
    assert!(pixel[0] < 110 && pixel[1] >= 200, "P3's green is greener in sRGB's numbers: {pixel:?}");
}

#[test]
fn goods_without_a_background_stand_on_their_own_ground() {
    let (_folder, media) = folder();
    let celadon = drawings::png("cup", "celadon").expect("it is drawn");
    let accepted = media.accept(&celadon).expect("it is taken");
    assert!(accepted.see_through && accepted.tint.starts_with("tint-1"), "{}", accepted.tint);
    let jpeg = decoded(&media.file(&accepted.digest, accepted.width, "320.jpg").expect("made").expect("there"));
    let corner = jpeg.get_pixel(2, 2);
    assert!(corner[1] > corner[0] && corner[0] > 200, "a light green ground: {corner:?}");
    let webp = decoded(&media.file(&accepted.digest, accepted.width, "320.webp").expect("made").expect("there"));
    assert_eq!(webp.get_pixel(2, 2)[3], 0, "the page's ground shines through");
    let snow = media.accept(&drawings::png("bowl", "snow").expect("it is drawn")).expect("it is taken");
    assert!(snow.tint.ends_with(" pale"), "white goods stand on a darker ground: {}", snow.tint);
}

#[test]
fn the_first_picture_of_an_animation_is_taken() {
    let (_folder, media) = folder();
    let mut bytes = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        for colour in [Rgba([200, 30, 30, 255]), Rgba([30, 30, 200, 255])] {
            encoder.encode_frame(image::Frame::new(RgbaImage::from_pixel(40, 30, colour))).expect("a frame");
        }
    }
    let accepted = media.accept(&bytes).expect("it is taken");
    assert_eq!((accepted.width, accepted.height), (40, 30));
    let jpeg = decoded(&media.file(&accepted.digest, 40, "40.jpg").expect("made").expect("there"));
    assert!(jpeg.get_pixel(20, 15)[0] > 150, "the first is red");
}

#[test]
fn what_is_no_picture_is_not_taken_whatever_it_is_called() {
    let (_folder, media) = folder();
    let svg = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    assert_eq!(media.accept(svg), Err(Refused::Svg));
    assert_eq!(media.accept(b"<SVG onload=alert(1)>"), Err(Refused::Svg));
    for bytes in [b"".as_slice(), b"hello", b"<html><img src=x>", b"%PDF-1.7", b"BM\0\0\0\0\0\0", b"II*\0\x08\0\0\0"] {
        assert_eq!(media.accept(bytes), Err(Refused::NotAPicture), "{bytes:?}");
    }
    let png = encoded(&flag(10, 10), ImageFormat::Png);
    assert!(matches!(media.accept(&[&png[..8], b"and nothing else"].concat()), Err(Refused::Broken(_))));
    assert_eq!(media.accept(&vec![0xff; BYTES_MAX + 1]), Err(Refused::TooLarge));
}

#[test]
fn a_picture_that_breaks_off_is_not_taken() {
    let (_folder, media) = folder();
    let noise = RgbImage::from_fn(200, 200, |x, y| Rgb([((x * 7) ^ (y * 13)) as u8, (x * y) as u8, (x + y * 3) as u8]));
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let bytes = encoded(&noise, format);
        assert!(media.accept(&bytes).is_ok(), "{format:?}");
        for part in [2, 3, 10] {
            let refused = media.accept(&bytes[..bytes.len() / part]);
            assert!(matches!(refused, Err(Refused::Broken(_))), "{format:?} cut to 1/{part}: {refused:?}");
        }
    }
    let jpeg = encoded(&noise, ImageFormat::Jpeg);
    assert!(media.accept(&[jpeg, b"what a camera hangs behind".to_vec()].concat()).is_ok());
}

#[test]
fn a_size_is_looked_at_before_anything_is_decoded() {
    let (_folder, media) = folder();
    // A header of 13 bytes that asks for 65535 × 65535 pixels: 17 GB.
    let bomb = [b"GIF89a".as_slice(), &[0xff, 0xff, 0xff, 0xff, 0, 0, 0], b",\0\0\0\0\xff\xff\xff\xff\0"].concat();
    assert_eq!(media.accept(&bomb), Err(Refused::TooManyPixels { width: 65535, height: 65535 }));
    for (width, height) in [(10_000_u32, 5_001_u32), (20_001, 10), (4_000_000_000, 1)] {
        let refused = media.accept(&png_that_says(width, height));
        assert!(matches!(refused, Err(Refused::TooManyPixels { .. } | Refused::Broken(_))), "{width}: {refused:?}");
    }
    assert_eq!(
        media.accept(&png_that_says(10_000, 5_001)),
        Err(Refused::TooManyPixels { width: 10_000, height: 5_001 })
    );
}

/// A small PNG whose header lies about its size, with the right checksum.
fn png_that_says(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(&flag(8, 8), ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut check = u32::MAX;
    for byte in &bytes[12..29] {
        check ^= u32::from(*byte);
        for _ in 0..8 {
            check = if check & 1 == 1 { check >> 1 ^ 0xedb8_8320 } else { check >> 1 };
        }
    }
    bytes[29..33].copy_from_slice(&(!check).to_be_bytes());
    bytes
}
