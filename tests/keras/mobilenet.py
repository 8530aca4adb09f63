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


class Standardised:
    """Filters of mean 0 and of length `gain`, over all axes but that of the outputs."""

    outputs = 3

    def build(self, shape):
        super().build(shape)
        self.gain = self.add_weight(shape=(self.kernel.shape[self.outputs],), initializer=lambda *_, **__: tf.fill(
            (self.kernel.shape[self.outputs],), 2**0.5), name="gain")

    def call(self, x):
        axes = [axis for axis in range(4) if axis != self.outputs]
        weight = self.kernel
        weight = weight - tf.reduce_mean(weight, axes, keepdims=True)
        length = tf.sqrt(tf.reduce_sum(tf.square(weight), axes, keepdims=True) + 1e-10)
        gain = self.gain if self.outputs == 3 else self.gain[:, None]
        weight = weight / length * gain
        y = tf.nn.bias_add(self.convolve(x, weight), self.bias)
        return tf.nn.relu(y)


class Conv(Standardised, layers.Conv2D):
    def convolve(self, x, weight):
        return tf.nn.conv2d(x, weight, self.strides, "SAME")


class Depthwise(Standardised, layers.DepthwiseConv2D):
    outputs = 2

    def convolve(self, x, weight):
        return tf.nn.depthwise_conv2d(x, weight, (1, *self.strides, 1), "SAME")


def net():
    blocks = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2)] + 5 * [(128, 1)] + [(256, 2), (256, 1)]
    stack = [keras.Input((96, 96, 3)), Conv(8, 3, strides=2, padding="same")]
    for outputs, stride in blocks:
        stack += [Depthwise(3, strides=stride, padding="same"), Conv(outputs, 1)]
    return keras.Sequential(stack + [layers.GlobalAveragePooling2D(), layers.Dense(64), layers.UnitNormalization()])


def multi_similarity(labels, embeddings, alpha=2.0, beta=40.0, base=0.5, margin=0.1):
    """Wang et al. 2019, with its mining."""
    similarities = embeddings @ tf.transpose(embeddings)
    same = tf.equal(labels, tf.transpose(labels))
    positive, negative = same & ~tf.eye(BATCH, dtype=tf.bool), ~same
    hardest = tf.reduce_max(tf.where(negative, similarities, -9.0), 1, keepdims=True)
    easiest = tf.reduce_min(tf.where(positive, similarities, 9.0), 1, keepdims=True)
    positive &= similarities - margin < hardest
    negative &= similarities + margin > easiest
    near = tf.reduce_sum(tf.where(positive, tf.exp(-alpha * (similarities - base)), 0.0), 1)
    far = tf.reduce_sum(tf.where(negative, tf.exp(beta * (similarities - base)), 0.0), 1)
    return tf.reduce_mean(tf.math.log1p(near) / alpha + tf.math.log1p(far) / beta)


def main():
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    keras.utils.set_random_seed(1)
    model = net()
    model.compile(optimizer=keras.optimizers.Adam(1e-3, epsilon=1e-7), loss=multi_similarity)
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
