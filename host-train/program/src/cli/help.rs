//! The text after the options in each command's help: examples, and the exit statuses.

use clap::Command;

/// The end of every command's help.
const EXIT_STATUS: &str = "\
Exit status:
  0    done
  1    failed: standard error says why
  2    wrong usage
  130  interrupted by Ctrl-C
  141  nobody reads standard output any more, as with `| head`";

/// Adds the exit statuses to the help of a command, and of all below it.
pub fn with_exit_status(command: Command) -> Command {
    let help = match command.get_after_help() {
        Some(help) => format!("{help}\n\n{EXIT_STATUS}"),
        None => EXIT_STATUS.into(),
    };
    command.after_help(help).mut_subcommands(with_exit_status)
}

pub const PROGRAM: &str = "\
Examples:
  host-train                                  the whole job, to runs/default
  host-train -c origin                        the recipe and table of the origin
  host-train --data drawn --name try          on drawn digits, to runs/try
  host-train --resume runs/default            go on with an interrupted run
  host-train --data mugs --name mugs          your images: one folder per class
  host-train inspect runs/default             what is in the model file
  host-train device --port /dev/ttyACM0 info  which board and model are there

Ctrl-C finishes a training early, and --resume goes on with it; a second one ends it at once.";

pub const TRAIN: &str = "\
Examples:
  host-train train                          the default recipe, to runs/default
  host-train train -c best --seed 2         another recipe, other random numbers
  host-train train --set train.steps=500 --set train.lr=0.001
  host-train train --data mugs --name mugs  your images: one folder per class
  host-train train --resume runs/mugs       go on with an interrupted run
  host-train train -q --json > result.json  for scripts: nothing but the numbers

Ctrl-C finishes the training early: it is evaluated and exported, and --resume goes on with it. A second one, or one \
in the evaluation, ends it at once; --resume goes on from the last checkpoint. Recipes: docs/CONFIG.md.";

pub const EXPORT: &str = "\
Examples:
  host-train export runs/default
  host-train export runs/default --out best.postcard
  host-train export runs/mugs --data moved/mugs  its folder has moved

Calibration and thresholds come from training images, so the data must be those of the run, which remembers them: \
docs/REPORT.md. Others are refused without --other-data, and the old file stays.";

pub const EVAL: &str = "\
Examples:
  host-train eval runs/default
  host-train eval runs/mugs --data other-mugs  how good it is on other images
  host-train eval firmware/models/digits.model.postcard --data mnist
  host-train eval runs/default --json > scores.json
  host-train eval runs/default --data signs    signs/ALPHABET/CHARACTER/1.png
  host-train eval runs/default --one-shot all_runs

The scores are defined in docs/METRICS.md.";

pub const REPORT: &str = "\
Examples:
  host-train report runs/default
  host-train report runs/default runs/tiny --out compared.html
  host-train report runs/default --json > findings.json

A run is evaluated once more, on its own data, which it remembers; others are refused without --other-data. The page opens from disk, without a network; what \
it shows and what else is written is in docs/REPORT.md.";

pub const STUDY: &str = "\
Examples:
  host-train study configs/studies/losses.toml
  host-train study configs/studies/losses.toml -q > losses.md

A row is printed as soon as its trainings are done. What a study may contain: docs/CONFIG.md.";

pub const EMBED: &str = "\
Examples:
  host-train embed --model runs/default --images photo.jpg --out photo.npy
  host-train embed --model runs/default --images samples/7 samples/8 --out e.npy
  host-train embed --model runs/default --images test.gz:0-99 --out e.npy";

pub const SEE: &str = "\
Examples:
  host-train see photo.jpg
  host-train see photo.jpg --model runs/mugs -o photo.seen.png
  host-train see mugs/blue mugs/red --model runs/mugs -o seen

What is done to a picture, and how the recipe says it: docs/IMAGES.md. The drawing has colours if standard output is a \
terminal and NO_COLOR is not set.";

pub const INSPECT: &str = "\
Examples:
  host-train inspect runs/default
  host-train inspect firmware/models/digits.model.postcard --json
  host-train inspect -c mobilenet
  host-train inspect -c own.toml --set data.channels=3

JSON: name, hash, hash_matches, crc32, format_version, bytes, training (dataset, tool, seed, images_seen, \
precision_at_1), input (height, width, channels), fit, background, embedding (values, element, scale), distance, equal_error and \
false_accept_1_percent (distance, false_accept_rate, false_reject_rate; null where not calibrated), by_shots (a list of \
these, each with its shots; null likewise), \
background_prototypes, views, parameters, macs, board (flash_bytes, ram_bytes, of the file with its weights packed), \
layers, each with layer (its index in the model), kind, output, element, scale, parameters, macs \
and board_path; boards, each with board, description, instructions, counted (or estimated), milliseconds, ram with the stack, \
flash; and slow_layers, a sentence about each layer that is slow there and need not be. Of a recipe: name, input, \
embedding (values), parameters, macs, board, layers without element and scale, boards, slow_layers.";

pub const CALIBRATE: &str = "\
Examples:
  host-train calibrate firmware/models/characters.model.postcard
  host-train calibrate old.model.postcard --out new.model.postcard
  host-train calibrate runs/default

The thresholds accept 5 % of the strangers where five labels are enrolled, by 1, 3, 5 or 10 images each \
(docs/METRICS.md). `train` and `export` do the same where made-up characters are trained on, and where whole classes are held \
out; this is for other files. With a net that was trained on classes, five of them are enrolled, by images that were held out \
of its training, and the strangers are drawn signs and made-up characters: drawn images of 28x28 pixels must suit it. What was \
held out, the folder of a run tells; of a model file alone, train.hold_out = \"images\" is assumed. The file gets a new hash, to which no board's gallery belongs.";

pub const THRESHOLD: &str = "\
Examples:
  host-train threshold runs/screws --own own --strangers others

Take pictures that the training did not have: new ones of your things, and of what must be unknown. Of each \
sub-folder of --own, half is enrolled (five at most) and the other half is asked about; `train` and `test` \
sub-folders divide them as you like. Printed are two thresholds, how often each names your things right and \
strangers at all, with the number of pictures and the range that so few leave, and the option for a board \
(docs/THRESHOLD.md).";

pub const BENCH: &str = "\
Examples:
  host-train bench runs/default
  host-train bench runs/default --json

The table has the time of each layer for one image, on one thread, in batches; how many times faster that is than \
the plain kernels, which define the arithmetic, in the same minute; and whether the layer has a fast path \
(convolutions that are not in groups, and dense layers) or takes the plain kernel itself.

JSON: embeddings_per_second, on all cores, in batches of 256; threads; instruction_set (baseline, avx2, avx-vnni, avx512, \
avx512-vnni); macs; hash. On one thread: microseconds and plain_microseconds per image, and layers, each with layer \
(its index in the model), kind, input, output (height x width x channels), macs, path (fast, plain), microseconds, \
plain_microseconds, gigamacs_per_second.";

pub const SAMPLES: &str = "\
Examples:
  host-train samples samples
  host-train samples digits --data drawn --per-class 20";

pub const DRAW: &str = "\
Examples:
  host-train draw
  host-train draw --per-class 3 --seed 2 > digits.txt";

pub const CHARACTERS: &str = "\
Examples:
  host-train characters characters.png
  host-train characters steady.png --set data.characters.jitter=0";

pub const COMPLETIONS: &str = "\
Examples:
  host-train completions bash >> ~/.bash_completion
  host-train completions zsh > ~/.zfunc/_host-train
  host-train completions fish > ~/.config/fish/completions/host-train.fish

They complete the command `host-train`: `cargo install --path host-train/program` puts it in place, or an alias of \
`cargo run -q -p host-train --`.";
