"""Compares what TensorBoard shows of a run with the run's own files.

usage: check.py RUNS NAME, for the run in RUNS/NAME
"""

import csv
import io
import json
import sys
import time
import tomllib
import urllib.parse
import urllib.request
from pathlib import Path

import numpy as np
from PIL import Image
from tensorboard import default, program
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SECONDS_TO_LOAD = 60


def close(shown, expected, what):
    """Scalars are 32-bit floats, and files are rounded to what a person reads."""
    assert np.isclose(shown, expected, rtol=1e-6, atol=1e-7), f"{what}: {shown}, not {expected}"


def numbers(path, value):
    """Each number in an object and in the objects within."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from numbers(f"{path}/{name}", inner)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield path, value


def expected_scalars(folder):
    """Points (step, seconds, value) by tag."""
    with open(folder / "history.csv", newline="") as file:
        history = list(csv.DictReader(file))
    columns = {
        "training/loss": "loss",
        "training/mined": "mined",
        "training/learning_rate": "learning_rate",
        "held_out/precision_at_1": "held_out_precision_at_1",
    }
    point = lambda row, value: (int(row["step"]), float(row["seconds"]), float(value))
    scalars = {
        tag: [point(row, row[column]) for row in history if row[column]] for tag, column in columns.items()
    }
    metrics = json.loads((folder / "metrics.json").read_text())
    for net in ("float", "int8"):
        for tag, value in numbers(net, metrics[net]):
            scalars[tag] = [point(history[-1], value)]
    return scalars


def check_events(folder):
    events = EventAccumulator(str(folder)).Reload()
    expected = expected_scalars(folder)
    assert sorted(events.Tags()["scalars"]) == sorted(expected), events.Tags()
    for tag, points in expected.items():
        shown = events.Scalars(tag)
        assert len(shown) == len(points) > 0, tag
        for event, (step, seconds, value) in zip(shown, points):
            assert event.step == step, tag
            close(event.wall_time, seconds, f"time of {tag}")
            close(event.value, value, f"{tag} at step {step}")
    [recipe] = events.Tensors("recipe")
    [text] = recipe.tensor_proto.string_val
    code = "\n".join(line[4:] for line in text.decode().splitlines() if line.startswith("    "))
    assert tomllib.loads(code) == tomllib.loads((folder / "config.toml").read_text())
    return len(expected)


class Server:
    """TensorBoard as a user starts it, and asked as the browser asks it."""

    def __init__(self, runs):
        board = program.TensorBoard(plugins=default.get_plugins())
        board.configure(argv=["tensorboard", "--logdir", str(runs), "--host", "localhost", "--port", "0"])
        self.url = board.launch()

    def get(self, path, **query):
        url = urllib.parse.urljoin(self.url, f"data/{path}?{urllib.parse.urlencode(query)}")
        with urllib.request.urlopen(url) as answer:
            return answer.read()

    def wait_for(self, run):
        """It reads runs in the background."""
        end = time.monotonic() + SECONDS_TO_LOAD
        while run not in json.loads(self.get("runs")):
            assert time.monotonic() < end, f"TensorBoard does not find the run {run}"
            time.sleep(0.1)


def check_projector(server, folder):
    server.wait_for(folder.name)
    config = json.loads(server.get("plugin/projector/info", run=folder.name))
    embeddings = {embedding["tensorName"]: embedding for embedding in config["embeddings"]}
    assert sorted(embeddings) == ["int8 embeddings", "raw pixels"], embeddings
    metrics = json.loads((folder / "metrics.json").read_text())
    for name, embedding in embeddings.items():
        get = lambda what: server.get(f"plugin/projector/{what}", run=folder.name, name=name)
        tensors = np.frombuffer(get("tensor"), np.float32).reshape(embedding["tensorShape"])
        header, *rows = [line.split("\t") for line in get("metadata").decode().splitlines()]
        assert header == ["label", "index", "trained"] and len(rows) == len(tensors)
        indices = [int(row[1]) for row in rows]
        assert indices == sorted(set(indices)) and {row[2] for row in rows} == {"yes"}

        sprite = np.asarray(Image.open(io.BytesIO(get("sprite_image"))))
        width, height = embedding["sprite"]["singleImageDim"]
        columns = int(np.ceil(len(rows) ** 0.5))
        assert sprite.shape == (columns * height, columns * width)
        tiles = sprite.reshape(columns, height, columns, width).swapaxes(1, 2).reshape(-1, height * width)
        assert not tiles[len(rows) :].any()
        if name == "raw pixels":
            assert (tiles[: len(rows)] == tensors).all(), "the sprite shows other images"
        else:
            check_precision(tensors, [row[0] for row in rows], metrics["int8"]["precision_at_1"])


def check_precision(embeddings, labels, expected):
    """The nearest other embedding by cosine, without ties as the engine breaks them."""
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, -2)
    labels = np.array(labels)
    shown = (labels[cosine.argmax(axis=1)] == labels).mean()
    assert abs(shown - expected) < 0.002, f"P@1 of the embeddings: {shown}, not {expected}"


if __name__ == "__main__":
    runs, name = Path(sys.argv[1]), sys.argv[2]
    scalars = check_events(runs / name)
    check_projector(Server(runs), runs / name)
    print(f"TensorBoard shows {scalars} scalars and 2 embeddings as the run has them")
