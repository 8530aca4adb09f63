//! The weights that a training begins with, where they are not random.

use super::model_file::read_model;
use anyhow::{Context, Result, bail};
use shared_model::{Model, inspect::Shape};
use std::path::Path;
use tinytriplet_data::Rng;
use tinytriplet_evaluation::{dequantize::dequantize, float_net::FloatNet};
use tinytriplet_recipe::NetConfig;
use tinytriplet_training::{Device, net::Net};

/// The program's own nets for made-up characters, by recipe.
const CHARACTERS: [(&str, &[u8]); 2] = [
    ("characters-small", include_bytes!("../../../../firmware/models/characters-small.model.postcard")),
    ("characters", include_bytes!("../../../../firmware/models/characters.model.postcard")),
];

/// Returns the net whose weights a recipe's begins with, for images of this shape; `None` if it begins with
/// random ones.
///
/// # Errors
/// Returns an error if the recipe names a model that cannot be used, or has other layers than all of the
/// program's own.
pub fn pretrained(config: &NetConfig, shape: Shape) -> Result<Option<FloatNet>> {
    let Some(path) = &config.pretrained else { return Ok(None) };
    if path != Path::new(NetConfig::CHARACTERS) {
        let file = read_model(path).context("net.pretrained")?;
        return Ok(Some(dequantize(&file.decode()?)));
    }
    let Some(own) = own(config, shape) else {
        let names = CHARACTERS.map(|(name, _)| format!("`{name}`")).join(" and ");
        bail!(
            "net.pretrained: the program has nets for made-up characters with the layers of the recipes {names}, and \
             these are others; name a model file of these layers, or leave it out"
        )
    };
    Ok(Some(own))
}

/// Returns true if the program has a net for made-up characters with these layers.
pub fn has_own(config: &NetConfig, shape: Shape) -> bool {
    config.takes_pretrained() && own(config, shape).is_some()
}

fn own(config: &NetConfig, shape: Shape) -> Option<FloatNet> {
    let net = Net::new(config, shape, &mut Rng::new(0), &Device::flex()).ok()?;
    let nets = CHARACTERS.iter().map(|(_, file)| Model::decode(file).expect("a committed model"));
    nets.map(|model| dequantize(&model)).find(|own| net.clone().with_weights(own).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tinytriplet_recipe::Config;

    #[test]
    fn every_own_net_is_found_by_its_layers() {
        let shape = Shape::new(28, 28, 1);
        for (recipe, file) in CHARACTERS {
            let mut config = Config::preset(recipe).unwrap().net;
            assert!(!has_own(&config, shape), "{recipe} standardises its filters");
            config.weight_standardization = false;
            assert!(has_own(&config, shape), "{recipe}");
            assert_eq!(pretrained(&config, shape).unwrap(), None);
            config.pretrained = Some(NetConfig::CHARACTERS.into());
            let found = pretrained(&config, shape).unwrap().unwrap();
            assert_eq!(found, dequantize(&Model::decode(file).unwrap()), "{recipe}");
            let error = pretrained(&config, Shape::new(28, 28, 3)).unwrap_err().to_string();
            assert!(error.contains("`characters-small` and `characters`"), "{error}");
        }
        assert!(has_own(&Config::preset("default").unwrap().net, shape));
        assert!(!has_own(&Config::preset("tiny").unwrap().net, shape));
    }
}
