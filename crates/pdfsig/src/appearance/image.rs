//! Pictures of signatures and seals.

use super::Color;
use crate::append::Update;
use crate::object::{Dict, Id, Object};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::{Cursor, Write as _};

/// The largest picture that is taken, in bytes and in pixels.
const BYTES_MAX: usize = 4 << 20;
const PIXELS_MAX: u64 = 4_000_000;

/// A picture, ready to be written into any number of files.
#[derive(Debug, Clone)]
pub struct Image {
    width: u32,
    height: u32,
    /// Red, green and blue, deflated.
    color: Vec<u8>,
    /// How much each pixel covers, deflated; `None` is all.
    alpha: Option<Vec<u8>>,
    /// The mean colour of what covers.
    mean: Option<Color>,
}

/// Why a picture is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFault {
    /// It is no PNG that can be read.
    NotPng,
    /// It has more bytes or pixels than we take.
    TooBig,
}

/// A PNG as its pixels.
struct Pixels {
    width: u32,
    height: u32,
    /// One to four: grey, grey and alpha, colour, colour and alpha.
    samples: usize,
    bytes: Vec<u8>,
}

/// Reads a PNG of any kind; what it says of colour profiles is passed over.
fn decode(bytes: &[u8]) -> Result<Pixels, ImageFault> {
    if bytes.len() > BYTES_MAX {
        return Err(ImageFault::TooBig);
    }
    let limits = png::Limits { bytes: 8 * PIXELS_MAX as usize };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(|_| ImageFault::NotPng)?;
    let info = reader.info();
    if u64::from(info.width) * u64::from(info.height) > PIXELS_MAX {
        return Err(ImageFault::TooBig);
    }
    let size = reader.output_buffer_size().ok_or(ImageFault::TooBig)?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels).map_err(|_| ImageFault::NotPng)?;
    pixels.truncate(frame.buffer_size());
    let samples = frame.color_type.samples();
    Ok(Pixels { width: frame.width, height: frame.height, samples, bytes: pixels })
}

/// The same picture written anew as PNG: its pixels, and nothing else that the file carried.
pub fn clean_png(bytes: &[u8]) -> Result<Vec<u8>, ImageFault> {
    let pixels = decode(bytes)?;
    let mut written = vec![];
    let mut encoder = png::Encoder::new(&mut written, pixels.width, pixels.height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(match pixels.samples {
        1 => png::ColorType::Grayscale,
        2 => png::ColorType::GrayscaleAlpha,
        3 => png::ColorType::Rgb,
        _ => png::ColorType::Rgba,
    });
    let mut writer = encoder.write_header().map_err(|_| ImageFault::NotPng)?;
    writer.write_image_data(&pixels.bytes).map_err(|_| ImageFault::NotPng)?;
    writer.finish().map_err(|_| ImageFault::NotPng)?;
    Ok(written)
}

impl Image {
    /// Reads a PNG of any kind; what it says of colour profiles is passed over.
    pub fn png(bytes: &[u8]) -> Result<Image, ImageFault> {
        let pixels = decode(bytes)?;
        Image::pixels(pixels.width, pixels.height, pixels.samples, &pixels.bytes)
    }

    /// From rows of one to four samples a pixel: grey, grey and alpha, colour, colour and alpha.
    fn pixels(width: u32, height: u32, samples: usize, pixels: &[u8]) -> Result<Image, ImageFault> {
        let mut color = Vec::with_capacity(width as usize * height as usize * 3);
        let mut alpha = vec![];
        let (mut sums, mut weight) = ([0u64; 3], 0u64);
        for pixel in pixels.chunks_exact(samples) {
            let ([red, green, blue], cover) = match *pixel {
                [grey] => ([grey; 3], 255),
                [grey, cover] => ([grey; 3], cover),
                [red, green, blue] => ([red, green, blue], 255),
                [red, green, blue, cover] => ([red, green, blue], cover),
                _ => return Err(ImageFault::NotPng),
            };
            color.extend([red, green, blue]);
            alpha.push(cover);
            for (sum, sample) in sums.iter_mut().zip([red, green, blue]) {
                *sum += u64::from(sample) * u64::from(cover);
            }
            weight += u64::from(cover);
        }
        let is_seen_through = alpha.iter().any(|cover| *cover != 255);
        Ok(Image {
            width,
            height,
            color: deflate(&color),
            alpha: is_seen_through.then(|| deflate(&alpha)),
            mean: (weight > 0).then(|| sums.map(|sum| sum as f64 / weight as f64 / 255.0)),
        })
    }

    /// Width and height, in pixels.
    pub fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    /// Whether something below can be seen through it somewhere.
    pub fn is_transparent(&self) -> bool {
        self.alpha.is_some()
    }

    /// The mean colour of what can be seen of it; `None` when nothing can.
    pub fn mean_color(&self) -> Option<Color> {
        self.mean
    }

    pub(super) fn write(&self, update: &mut Update<'_, '_>, space: &Object) -> Id {
        let dict = |space: Object| {
            Dict::of([
                ("Type", Object::name("XObject")),
                ("Subtype", Object::name("Image")),
                ("Width", Object::Int(self.width.into())),
                ("Height", Object::Int(self.height.into())),
                ("ColorSpace", space),
                ("BitsPerComponent", Object::Int(8)),
                ("Filter", Object::name("FlateDecode")),
            ])
        };
        let mut picture = dict(space.clone());
        if let Some(alpha) = &self.alpha {
            let mask = update.add_stream(dict(Object::name("DeviceGray")), alpha);
            picture.set("SMask", Object::Reference(mask));
        }
        update.add_stream(picture, &self.color)
    }
}

/// Packs bytes; writing into memory does not fail.
pub(super) fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    let written = encoder.write_all(bytes).and_then(|()| encoder.finish());
    written.unwrap_or_default()
}
