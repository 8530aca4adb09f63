"""The recipe `mobilenet` in Keras, to measure this project's trainer against on the same machine.

    pip install tensorflow-cpu
    python tests/keras/mobilenet.py [STEPS]

Net, standardised filters, batches, loss and optimizer are those of `cargo run -p host-train -- -c mobilenet`; the
pixels are noise, and not distorted. Prints images a second, of steps in one call of `fit`.
"""

import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
import numpy as np
import tensorflow as tf

keras = tf.keras
layers = keras.layers
CLASSES, IMAGES = 8, 4
BATCH = CLASSES * IMAGES


class Conv(layers.Conv2D):
    """A convolution by filters of mean 0 and of a learned length, then ReLU."""

    def build(self, shape):
        super().build(shape)
        self.gain = self.add_weight(shape=(self.filters,), initializer=keras.initializers.Constant(2**0.5))

    def call(self, x):
        weight = self.kernel - tf.reduce_mean(self.kernel, (0, 1, 2))
        length = tf.sqrt(tf.reduce_sum(tf.square(weight), (0, 1, 2)) + 1e-10)
        y = tf.nn.conv2d(x, weight * (self.gain / length), self.strides, "SAME")
        return tf.nn.relu(tf.nn.bias_add(y, self.bias))


class Cosines(layers.Layer):
    """Cosines between embeddings and a learned proxy of every class."""

    def build(self, shape):
        self.proxies = self.add_weight(shape=(shape[-1], CLASSES), initializer="glorot_uniform")

    def call(self, embeddings):
        return tf.matmul(tf.math.l2_normalize(embeddings, 1), tf.math.l2_normalize(self.proxies, 0))


def net():
    blocks = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)] + 5 * [(128, 1)] + [(256, 2), (256, 1)]
    stack = [keras.Input((96, 96, 3)), Conv(8, 3, strides=2, padding="same")]
    for outputs, stride in blocks:
        stack.append(layers.DepthwiseConv2D(3, strides=stride, padding="same", activation="relu"))
        stack.append(Conv(outputs, 1))
    return keras.Sequential(stack + [layers.GlobalAveragePooling2D(), layers.Dense(64), Cosines()])


def margin_loss(labels, cosines, scale=16.0, margin=0.2):
    """The large-margin cosine loss (Wang et al. 2018)."""
    classes = tf.cast(tf.reshape(labels, [-1]), tf.int32)
    logits = scale * (cosines - margin * tf.one_hot(classes, CLASSES))
    return tf.nn.sparse_softmax_cross_entropy_with_logits(classes, logits)


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    keras.utils.set_random_seed(1)
    model = net()
    model.compile(optimizer=keras.optimizers.Adam(4e-3, epsilon=1e-7), loss=margin_loss)
    pixels = np.random.default_rng(1).random((steps * BATCH, 96, 96, 3), np.float32)
    labels = np.tile(np.repeat(np.arange(CLASSES), IMAGES), steps).astype(np.int32)[:, None]
    fit = lambda count: model.fit(pixels[:count], labels[:count], batch_size=BATCH, shuffle=False, verbose=0)
    fit(8 * BATCH)  # compiles
    for _ in range(3):
        started = time.perf_counter()
        fit(len(pixels))
        seconds = time.perf_counter() - started
        print(f"{seconds * 1000 / steps:.1f} ms a step, {len(pixels) / seconds:.0f} images/s", flush=True)
    print(f"{model.count_params():,} parameters")


main()
