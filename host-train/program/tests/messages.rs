//! The messages that a person reads after giving the program something wrong. `messages.txt` has
//! each command, what it says on standard error, and its exit status; the commands are run, and
//! must say the same today.
#![cfg(target_os = "linux")] // whose words for what goes wrong with a file it quotes

mod idx;

use idx::{images, labels};
use shared_model::{
    Model,
    inspect::Shape,
    model::format::{Activation, Conv2d, Layer, Metadata, Pool, encode},
};
use std::{
    env,
    fs::{self, create_dir_all as folder},
    path::Path,
    process::{Command, Stdio},
};

const COMMAND: &str = "BLESS=1 cargo test -p host-train --test messages";
const MODEL: &[u8] = include_bytes!("../../../firmware/models/digits.model.postcard");
const RECIPE: &str = include_str!("../../../configs/tiny.toml");

#[test]
fn messages_are_as_written_down() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages.txt");
    let old = fs::read_to_string(&path).unwrap();
    let desk = tempfile::tempdir().unwrap();
    lay_out(desk.path());
    let new = play(&old, desk.path());
    for word in ["panicked", "RUST_BACKTRACE", "Some(", "Err("] {
        let told = new.lines().find(|line| !line.starts_with('$') && line.contains(word));
        assert_eq!(told, None, "this is for programmers");
    }
    assert_eq!(partial_files(desk.path()), [""; 0], "half-written");
    if env::var_os("BLESS").is_some_and(|value| !value.is_empty()) {
        fs::write(&path, new).unwrap();
        return;
    }
    let difference = new.lines().zip(old.lines()).find(|(new, old)| new != old);
    assert!(new == old, "messages.txt says something else: {difference:?}\nTo write it again: {COMMAND}");
}

/// Runs the commands of a transcript, and returns it with what they say today. Other lines stay. A
/// new command stands with `[?]` below it.
fn play(transcript: &str, desk: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_host-train")).parent().unwrap();
    let path = format!("{}:{}", program.display(), env::var("PATH").unwrap_or_default());
    let (mut new, mut lines) = (String::new(), transcript.lines());
    while let Some(line) = lines.next() {
        let Some(line) = line.strip_prefix("$ ") else {
            new += &format!("{line}\n");
            continue;
        };
        // What it said when this was written down ends with the exit status.
        lines.by_ref().find(|line| line.starts_with('[') && line.ends_with(']'));
        let output = Command::new("bash")
            .args(["-o", "pipefail", "-c", line])
            .current_dir(desk)
            .env("PATH", &path)
            .env("XDG_CACHE_HOME", desk.join("cache"))
            .env_remove("NO_PROXY")
            .envs([("ALL_PROXY", "http://127.0.0.1:1"), ("LC_ALL", "C")])
            .envs([("TINYTRIPLET_DATA", ""), ("TINYTRIPLET_PORT", "")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .output()
            .unwrap();
        let error = String::from_utf8(output.stderr).unwrap();
        new += &format!("$ {line}\n{error}[{}]\n", output.status.code().unwrap());
    }
    new
}

/// Files of the folder, and of those below, that were to be renamed when they were whole.
fn partial_files(desk: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(desk).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(partial_files(&path));
        }
        if name.starts_with(".partial") || name.ends_with(".part") {
            found.push(path.display().to_string());
        }
    }
    found
}

fn gzipped(content: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut file = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    file.write_all(content).unwrap();
    file.finish().unwrap()
}

/// Four IDX files that are right, but for the one that is replaced.
fn data(desk: &Path, name: &str, file: &str, content: Option<Vec<u8>>) {
    let cycle = |count: u8| labels(&(0..count).map(|index| index % 10).collect::<Vec<u8>>());
    let right = [
        ("train-images-idx3-ubyte", images(40, 28)),
        ("train-labels-idx1-ubyte", cycle(40)),
        ("t10k-images-idx3-ubyte", images(20, 28)),
        ("t10k-labels-idx1-ubyte", cycle(20)),
    ];
    folder(desk.join(name)).unwrap();
    for (right_file, right) in right {
        let content = if right_file == file { content.clone() } else { Some(right) };
        if let Some(content) = content {
            fs::write(desk.join(name).join(right_file), content).unwrap();
        }
    }
}

/// A small file that would keep an engine busy for a minute: a convolution under a pool of 100 × 100 windows that
/// overlap.
fn slow() -> Vec<u8> {
    let conv = Conv2d {
        out_channels: 1,
        kernel: [1, 1],
        stride: [1, 1],
        padding: [0; 4],
        groups: 1,
        activation: Activation::Relu,
        scale: 0.1,
    };
    let pool = |kernel, stride| Layer::MaxPool2d(Pool { kernel, stride });
    let layers = [Layer::Conv2d(conv), pool([100, 100], [1, 1]), pool([1, 1], [255, 255])];
    model(Shape::new(300, 300, 1), &layers, &[0; 48])
}

/// A model of colour images.
fn colour() -> Vec<u8> {
    let pool = Pool { kernel: [28, 28], stride: [1, 1] };
    model(Shape::new(28, 28, 3), &[Layer::MaxPool2d(pool)], &[])
}

fn model(input: Shape, layers: &[Layer], data: &[u8]) -> Vec<u8> {
    let metadata = Metadata {
        input,
        layers: layers.iter().copied().collect(),
        background_prototypes: 0,
        ..Model::decode(MODEL).unwrap().metadata().clone()
    };
    let mut file = vec![0; 1024];
    let len = encode(&metadata, data, &mut file).unwrap();
    file.truncate(len);
    file
}

/// The files that the commands are given.
fn lay_out(desk: &Path) {
    let [pixels, test] = ["train-images-idx3-ubyte", "t10k-images-idx3-ubyte"];
    let truth = "train-labels-idx1-ubyte";
    for (name, file, content) in [
        ("small", "", None),
        ("incomplete", "t10k-labels-idx1-ubyte", None),
        ("short", pixels, Some(images(40, 28)[..1000].to_vec())),
        ("page", pixels, Some(b"<!DOCTYPE html><html>proxy</html>".to_vec())),
        ("cut-gzip", test, Some(gzipped(&images(20, 28))[..40].to_vec())),
        ("mixed-up", truth, Some(images(40, 28))),
        ("fewer-labels", truth, Some(labels(&[1; 39]))),
        ("two-sizes", test, Some(images(20, 14))),
        ("one-class", truth, Some(labels(&[3; 40]))),
        ("no-images", pixels, Some(images(0, 28))),
        ("too-long", pixels, Some([images(40, 28), b"more".to_vec()].concat())),
        ("immense", pixels, Some([0x803, u32::MAX, 65_535, 65_535].map(u32::to_be_bytes).concat())),
    ] {
        data(desk, name, file, content);
    }
    folder(desk.join("empty")).unwrap();
    fs::write(desk.join("file"), "neither a folder nor a picture").unwrap();

    for (place, count) in [
        ("photos/a", 3),
        ("photos/b", 3),
        ("lonely/a", 3),
        ("single/a", 1),
        ("single/b", 1),
        ("broken/a", 3),
        ("broken/b", 3),
        ("half-empty/a", 3),
        ("half-empty/b", 0),
        ("untrained/train/a", 2),
        ("untrained/train/b", 2),
        ("untrained/test/c", 2),
        ("upper/set/a", 3),
        ("upper/set/b", 3),
        ("renamed/training/a", 3),
        ("renamed/training/b", 3),
        ("renamed/testing/a", 3),
        ("nested/a/images", 3),
        ("nested/b/images", 3),
        ("uneven/a", 3),
        ("uneven/b", 3),
        ("uneven/c", 1),
        ("uneven/d", 2),
        ("pictures", 1),
    ] {
        folder(desk.join(place)).unwrap();
        for number in 0..count {
            let picture = image::GrayImage::from_fn(9, 9, |x, y| image::Luma([(x * y + number) as u8]));
            picture.save(desk.join(place).join(format!("{number}.png"))).unwrap();
        }
    }
    let picture = fs::read(desk.join("photos/a/0.png")).unwrap();
    fs::write(desk.join("broken/a/9.png"), "GIF89a").unwrap();
    for (name, content) in [
        ("empty.png", &b""[..]),
        ("iphone.jpg", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        ("page.png", b"<!DOCTYPE html><html>proxy</html>"),
        ("notes.txt", b"no picture"),
        ("shot.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
    ] {
        fs::write(desk.join("pictures").join(name), content).unwrap();
    }
    fs::write(desk.join("broken/b/8.png"), &picture[..picture.len() / 2]).unwrap();

    let mut damaged = MODEL.to_vec();
    damaged[60_000] ^= 1;
    let with_version = |change: i8| {
        let mut model = MODEL.to_vec();
        model[8] = model[8].wrapping_add_signed(change);
        model
    };
    for (name, content) in [
        ("good.postcard", MODEL.to_vec()),
        ("cut.postcard", MODEL[..5000].to_vec()),
        ("damaged.postcard", damaged),
        ("newer.postcard", with_version(1)),
        ("older.postcard", with_version(-1)),
        ("slow.postcard", slow()),
        ("colour.postcard", colour()),
        ("other.postcard", b"not a model, but long enough for the header of one".to_vec()),
        ("unknown.toml", RECIPE.replace("steps", "stepz").into_bytes()),
        ("syntax.toml", RECIPE.replace("[net]", "[net").into_bytes()),
        ("type.toml", RECIPE.replace("steps = ", "steps = \"many\" # ").into_bytes()),
        ("range.toml", RECIPE.replace("steps = ", "steps = -").into_bytes()),
        ("both.toml", RECIPE.replace("steps = ", "epochs = 2\nsteps = ").into_bytes()),
        ("short.toml", b"name = \"short\"\n".to_vec()),
        ("deep.toml", format!("name = {}", "{a = ".repeat(10_000)).into_bytes()),
        ("latin.toml", b"name = \"caf\xe9\"\n".to_vec()),
        ("cut.json", b"{\"name\": \"x\",".to_vec()),
        ("origin.json", b"{\"exp_name\": \"x\", \"lr\": 0.001, \"decay\": 0, \"batchsize\": 32}".to_vec()),
    ] {
        fs::write(desk.join(name), content).unwrap();
    }
}
