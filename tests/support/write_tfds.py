# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = [
#     "tensorflow-cpu==2.19.1; sys_platform == 'linux'",
#     "tensorflow-datasets==4.9.9",
#     "tensorflow-metadata==1.17.0",
# ]
# ///
"""tensorflow-datasets writes a tree of class folders as TFRecord files.

    uv run --script tests/support/write_tfds.py TREE OUT

The classes are the names of the folders, in order. The order of the images is the library's own.
"""

import pathlib
import sys

import tensorflow_datasets as tfds


def main(tree, out):
    images = sorted(tree.glob("*/*"))
    classes = sorted({path.parent.name for path in images})

    class Digits(tfds.core.GeneratorBasedBuilder):
        VERSION = tfds.core.Version("1.0.0")

        def _info(self):
            features = {
                "image": tfds.features.Image(encoding_format="png"),
                "label": tfds.features.ClassLabel(names=classes),
                "file_name": tfds.features.Text(),
            }
            described = tfds.features.FeaturesDict(features)
            return tfds.core.DatasetInfo(builder=self, features=described)

        def _split_generators(self, dl_manager):
            return {"validation": self._generate_examples()}

        def _generate_examples(self):
            for path in images:
                yield (
                    path.name,
                    {
                        "image": str(path),
                        "label": path.parent.name,
                        "file_name": path.name,
                    },
                )

    options = tfds.download.DownloadConfig(num_shards=3)
    Digits(data_dir=str(out)).download_and_prepare(download_config=options)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
