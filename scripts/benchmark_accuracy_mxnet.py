# /// script
# requires-python = ">=3.10,<3.12"
# dependencies = ["gluoncv==0.10.5.post0", "mxnet==1.9.1", "numpy==1.23.5"]
# ///
# mypy: disable-error-code="import-not-found, import-untyped"
"""MXNet's side of ``benchmark_accuracy.py``: the way of GluonCV's verify_pretrained.py.

    benchmark_accuracy_mxnet.py NETWORK FILE.params TREE BATCH WORKERS

Its transforms, its DataLoader over a class-folder tree, a hybridised network, top-1 and top-5
metrics. Prints JSON: seconds of the loop, and the five best classes of each image.
"""

import json
import sys
import time

import mxnet as mx
from gluoncv.model_zoo import get_model
from mxnet import gluon
from mxnet.gluon.data.vision import ImageFolderDataset, transforms

network, params, tree, batch, workers = sys.argv[1:]
transform = transforms.Compose(
    [
        transforms.Resize(256, keep_ratio=True),
        transforms.CenterCrop(224),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ]
)
net = get_model(network, pretrained=False)
net.load_parameters(params)
net.hybridize()
folder = ImageFolderDataset(tree, flag=1)
loader = gluon.data.DataLoader(
    folder.transform_first(transform), batch_size=int(batch), num_workers=int(workers)
)
metrics = mx.metric.Accuracy(), mx.metric.TopKAccuracy(5)
net(mx.nd.zeros((int(batch), 3, 224, 224))).wait_to_read()
classes = []
start = time.perf_counter()
for images, labels in loader:
    logits = net(images.as_in_context(mx.cpu()))
    for metric in metrics:
        metric.update(labels, logits)
    classes += logits.topk(k=5).asnumpy().astype(int).tolist()
seconds = time.perf_counter() - start
paths = ["/".join(path.split("/")[-2:]) for path, _ in folder.items]
print(json.dumps({"seconds": seconds, "top5": dict(zip(paths, classes, strict=True))}))
