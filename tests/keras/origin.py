"""The origin's recipe in Keras, to measure this project's trainer against on the same machine.

    pip install tensorflow-cpu
    python tests/keras/origin.py FOLDER_OF_MNIST [EPOCHS]

Net, loss, triplets, batches and optimizer are those of `cargo run -p host-train -- -c origin`. Prints triplets a second
of each epoch and the mean triplet accuracy on the test set, over classes, as the origin did.
"""

import gzip
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import numpy as np
import tensorflow as tf

keras = tf.keras
BATCH = 32


def read(folder, name, header):
    path = os.path.join(folder, name)
    data = open(path, "rb").read() if os.path.exists(path) else gzip.open(path + ".gz").read()
    return np.frombuffer(data, np.uint8, offset=header)


def images_by_class(folder, part):
    images = read(folder, f"{part}-images-idx3-ubyte", 16).reshape(-1, 28, 28, 1).astype(np.float32) / 255
    labels = read(folder, f"{part}-labels-idx1-ubyte", 8)
    return [images[labels == digit] for digit in range(10)]


def triplets(classes, rng):
    """For each class and i below the size of the smallest, its images i and i + 1, and image i of another class."""
    count = min(map(len, classes)) - 1
    anchors, positives, negatives = [], [], []
    for digit, images in enumerate(classes):
        others = (digit + rng.integers(1, 10, count)) % 10
        anchors.append(images[:count])
        positives.append(images[1 : count + 1])
        negatives.append(np.stack([classes[other][i] for i, other in enumerate(others)]))
    return [np.concatenate(part) for part in (anchors, positives, negatives)]


def main():
    folder, epochs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2
    rng = np.random.default_rng(1)
    keras.utils.set_random_seed(1)
    layers = keras.layers
    net = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
        ]
    )
    inputs = [keras.Input((28, 28, 1)) for _ in range(3)]
    model = keras.Model(inputs, layers.Concatenate()([net(x) for x in inputs]))

    def loss(_, embeddings):
        anchor, positive, negative = tf.split(embeddings, 3, axis=1)
        near = tf.reduce_sum(tf.square(anchor - positive), axis=1)
        far = tf.reduce_sum(tf.square(anchor - negative), axis=1)
        return tf.reduce_mean(tf.maximum(0.0, near - far + 1.0))

    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss)
    train = triplets(images_by_class(folder, "train"), rng)
    count = len(train[0])
    nothing = np.zeros((count, 1), np.float32)
    model.fit([part[: 8 * BATCH] for part in train], nothing[: 8 * BATCH], batch_size=BATCH, verbose=0)  # compiles
    for epoch in range(1, epochs + 1):
        started = time.perf_counter()
        model.fit(train, nothing, batch_size=BATCH, verbose=0)
        seconds = time.perf_counter() - started
        print(f"epoch {epoch}: {count} triplets in {seconds:.1f} s, {count / seconds:.0f} triplets/s", flush=True)

    test = triplets(images_by_class(folder, "t10k"), rng)
    anchor, positive, negative = (net.predict(part, batch_size=1000, verbose=0) for part in test)
    nearer = np.sum((anchor - positive) ** 2, 1) < np.sum((anchor - negative) ** 2, 1)
    print(f"triplet accuracy {100 * nearer.reshape(10, -1).mean():.2f} %")


main()
