//! Enrols two images and recognises a third, without a board: `recognise MODEL IMAGES`, where
//! `IMAGES` holds digits as `host-train draw` draws them. A board does the same with arrays in the
//! place of vectors.

use shared_model::{
    Gallery, Model, Threshold,
    gallery::{self, Method},
};
use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = env::args_os().skip(1);
    let (Some(model), Some(images)) = (paths.next(), paths.next()) else {
        return Err("usage: recognise MODEL IMAGES".into());
    };
    let file = fs::read(model)?;
    let model = Model::decode(&file)?; // checked once: from here on an inference cannot fail
    let mut scratch = vec![0; model.scratch_len()];
    let mut embed = |pixels: &[u8]| {
        let mut embedding = vec![0; model.embedding_len()];
        model.embed(pixels, &mut scratch, &mut embedding).map(|()| embedding)
    };

    let text = fs::read_to_string(images)?;
    let mut digits = text.split("\ndigit ").skip(1).map(|digit| digit.split_once('\n').unwrap_or_default());
    let mut digit =
        || digits.next().map(|(name, image)| (name, pixels(image))).ok_or("there are three digits or more");
    let [(name, first), (_, second), (other, third)] = [digit()?, digit()?, digit()?];
    let [first, second, third] = [embed(&first)?, embed(&second)?, embed(&third)?];
    let real = |distance| model.distance().real(distance, model.output().scale);
    println!("{name} and another {name}: {:.3}", real(model.compare(&first, &second)));
    println!("{name} and a {other}: {:.3}", real(model.compare(&first, &third)));

    // Room for four labels; a label's prototype is the mean of what is enrolled as it.
    let mut memory = vec![0; 4 * gallery::entry_len(model.embedding_len(), 0)];
    let mut gallery = Gallery::new(&model, 0, &mut memory);
    gallery.enrol(name, &first)?;
    gallery.enrol(other, &third)?;
    let recognition = gallery.recognise(&model, &second, Method::Prototype, Threshold::Own)?;
    println!("the second {name} is recognised as {}", recognition.label().unwrap_or("unknown"));
    Ok(())
}

/// One character a pixel, the darkest being the background.
fn pixels(image: &str) -> Vec<u8> {
    const GREYS: &str = " .:-=+*#%@";
    let grey = |character| GREYS.find(character).map(|grey| (grey * 255 / 9) as u8);
    image.lines().flat_map(|line| line.trim_matches('|').chars()).filter_map(grey).collect()
}
