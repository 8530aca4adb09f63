//! Other nets, which a training begins with or learns from.

use super::model_file::{ModelFile, read_model};
use anyhow::{Context, Result, bail};
use shared_model::{Model, inspect::Shape};
use std::path::Path;
use tinytriplet_data::Rng;
use tinytriplet_evaluation::{dequantize::dequantize, float_net::FloatNet};
use tinytriplet_recipe::{Config, NetConfig, TeacherConfig};
use tinytriplet_training::{Device, net::Net, train};

/// The program's own nets for made-up characters that a training can begin with, by recipe.
const CHARACTERS: [(&str, &[u8]); 2] = [
    ("characters-small", include_bytes!("../../../../firmware/models/characters-small.model.postcard")),
    ("characters", include_bytes!("../../../../firmware/models/characters.model.postcard")),
];
/// The program's own teacher.
const CHARACTERS_LARGE: &[u8] = include_bytes!("../../../../firmware/models/characters-large.model.postcard");

/// The nets that a recipe names beside its own.
#[derive(Debug, Default)]
pub struct OtherNets {
    pretrained: Option<FloatNet>,
    teacher: Option<ModelFile>,
}

impl OtherNets {
    /// Finds those of a recipe, for images of this shape.
    ///
    /// # Errors
    /// Returns an error if the recipe names a model that cannot be used, or wants one of the program's own and has
    /// other layers than all of these.
    pub fn find(config: &Config, shape: Shape) -> Result<Self> {
        Ok(Self { pretrained: pretrained(&config.net, shape)?, teacher: teacher(config)? })
    }

    /// Returns what `use_them` makes of the nets, as a training takes them.
    ///
    /// # Errors
    /// Returns an error if the teacher's file is no model, or `use_them` does.
    pub fn with<T>(&self, use_them: impl FnOnce(train::OtherNets<'_>) -> Result<T>) -> Result<T> {
        let teacher = self.teacher.as_ref().map(ModelFile::decode).transpose().context("teacher.model")?;
        use_them(train::OtherNets { pretrained: self.pretrained.as_ref(), teacher: teacher.as_ref() })
    }
}

/// Returns the model that a recipe's net learns from, with the views that it asks for.
fn teacher(config: &Config) -> Result<Option<ModelFile>> {
    let Some(TeacherConfig { model, views }) = &config.teacher else { return Ok(None) };
    let file = match model == Path::new(TeacherConfig::CHARACTERS_LARGE) {
        true => ModelFile::own(TeacherConfig::CHARACTERS_LARGE, CHARACTERS_LARGE),
        false => read_model(model).context("teacher.model")?,
    };
    Ok(Some(match *views {
        Some(views) => file.with_views(views).context("teacher.views")?,
        None => file,
    }))
}

/// Returns the net whose weights a recipe's begins with, for images of this shape; `None` if it begins with
/// random ones.
fn pretrained(config: &NetConfig, shape: Shape) -> Result<Option<FloatNet>> {
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

    #[test]
    fn a_teacher_has_the_views_that_are_asked_for() {
        let mut config = Config::preset("tiny").unwrap();
        assert!(teacher(&config).unwrap().is_none());
        for (views, expected) in [(None, 1), (Some(3), 3)] {
            config.teacher = Some(TeacherConfig { model: TeacherConfig::CHARACTERS_LARGE.into(), views });
            let nets = OtherNets { teacher: teacher(&config).unwrap(), pretrained: None };
            nets.with(|nets| {
                assert_eq!(nets.teacher.unwrap().metadata().views, expected);
                Ok(())
            })
            .unwrap();
        }
        config.teacher = Some(TeacherConfig { model: "nowhere".into(), views: None });
        let error = format!("{:#}", teacher(&config).unwrap_err());
        assert!(error.starts_with("teacher.model: nowhere: cannot be read"), "{error}");
    }
}
