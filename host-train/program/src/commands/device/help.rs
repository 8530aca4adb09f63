//! Examples and more, after the options in each command's help.

pub const DEVICE: &str = "\
Examples:
  host-train device --port /dev/ttyACM0 info  which board and model are there
  host-train samples samples                  something to show to it
  host-train device enrol 7 samples/7/0.png
  host-train device recognise samples/*

A board without a board: `export TINYTRIPLET_PORT=emulate:mps2-an386`. It keeps its flash in a file: what is enrolled \
is there the next time. Boards: see `cargo run -p firmware -- --list`. In Rust, `host_train::device` does the same; \
the protocol is in docs/PROTOCOL.md.";

pub const INFO: &str = "\
Examples:
  host-train device --port /dev/ttyACM0 info
  host-train device --port emulate:pico info --json

Of each label, it says how many images it has, and beyond which distance an image is unknown with --threshold own. JSON: \
labels, a list of label, images and threshold (null if the model has none), beside the board's facts.";

pub const ENROL: &str = "\
Examples:
  host-train device enrol \"blue mug\" photo1.jpg photo2.jpg
  host-train device enrol 7 samples/7
  host-train device enrol 3 t10k-images-idx3-ubyte.gz:18,30,32

Each image makes the label's prototype, the mean of their embeddings, a little better; 3 to 5 are a good start. Each \
image is stored once the board has answered; Ctrl-C stops after the current one.";

pub const RECOGNISE: &str = "\
Examples:
  host-train device recognise photo.jpg
  host-train device recognise --raw photo.jpg
  host-train device recognise samples/* --threshold far1
  host-train device recognise t10k-images-idx3-ubyte:0-99 --threshold 0.5 --json

One line per image: the nearest label, its distance, the next label, and how much farther away that one is. An image \
farther away than the threshold is unknown, and so is one that is nearer to a class that the net was trained on and \
that is not enrolled; the nearest label follows in brackets.

JSON: one object per image, each on a line: image; label (null where it is unknown); distance; nearest; runner_up and \
its runner_up_distance; margin; threshold (null with --threshold none); background (the distance of the \
class that is not enrolled, if it is nearer; else null).";

pub const SEE: &str = "\
Examples:
  host-train device see photo.jpg
  host-train device see photo.jpg -o seen.png
  host-train device see -o seen.png           what the board was shown last

The board makes the pixels, as it would of a camera's frame. `host-train see` shows what this PC makes, which is the \
same of the same frame: a picture that is larger than --raw-size is reduced before it is sent.";

pub const WATCH: &str = "\
Examples:
  host-train device watch camera
  host-train device watch camera --threshold far1 --json

Images that are there at the start are skipped. An image that is overwritten counts as a new one. JSON: as in \
`host-train device recognise --help`.";

pub const LIST: &str = "\
Examples:
  host-train device list
  host-train device list --json

JSON: an array of objects: label, images.";

pub const FORGET: &str = "\
Examples:
  host-train device forget 7 \"blue mug\"
  host-train device forget --last    after an image that was enrolled by mistake";

pub const CLEAR: &str = "\
Examples:
  host-train device clear --yes";

pub const EXPORT: &str = "\
Examples:
  host-train device export mugs.json";

pub const IMPORT: &str = "\
Examples:
  host-train device import mugs.json

The board must have the model that the file was exported from.";

pub const BENCH: &str = "\
Examples:
  host-train device bench
  host-train device bench --runs 100 --json

JSON: board, model (its hash), emulated (whether it is, and times on it mean nothing), runs, embedding_microseconds \
(the mean, by the board's clock), round_trip_microseconds (min, median, max of a recognition, by this PC's clock).";

pub const PARITY: &str = "\
Examples:
  host-train device parity
  host-train device parity --images 100 --data mnist
  host-train device parity --frames 1000
  host-train device parity photo.jpg --model runs/default

Two things are compared: the pixels that are made of camera frames, random ones in every format and the images, and \
what each layer computes of the images' pixels. It fails where something differs.";

pub const SELFTEST: &str = "\
Examples:
  host-train device selftest

It fails where the board's model is damaged or its arithmetic gives something else.";

pub const RESET: &str = "\
Examples:
  host-train device reset
  host-train device reset --hang
  host-train device reset --bootsel

--bootsel spares you the button when you flash a Pico by a UF2 file (docs/BOARDS.md). --panic and --hang show that a \
board comes back from what should never happen to it. They need a firmware that was \
built with the feature fault-injection beside the board's.";
