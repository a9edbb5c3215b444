"""timm's ports of published Gluon checkpoints, on the model hub.

They are timm's conversions and not the original files: nothing that was published of a Gluon file
is known of them.
"""

from __future__ import annotations

PORTS = {
    "4ecf62e29336e0cbc5a2f844652635a330928b5a": "timm/resnext50_32x4d.gluon_in1k",
    "8654ca5d0ba30a7868c5b42a7d4cc0ff2ba04dbc": "timm/resnext101_32x4d.gluon_in1k",
    "2f0d1c9d343d140775bfa7548dd3a881a35855de": "timm/resnext101_64x4d.gluon_in1k",
    "7906e0e16013ef8d195cbc05463cc37783ec7a8a": "timm/seresnext50_32x4d.gluon_in1k",
    "688e238985d45a38803c62cf345af2813d0e8aa0": "timm/seresnext101_32x4d.gluon_in1k",
    "11c50114a0483e27e74dc4236904254ef05b634b": "timm/seresnext101_64x4d.gluon_in1k",
    "2d9d980c990442f826f20781ed039851e78dabe3": "timm/resnet18.gluon_in1k",
    "8e16b84814e84f64d897854003f049872991eaa6": "timm/resnet34.gluon_in1k",
    "0ecdba34691be172036ddf244ff1b2eade75ffde": "timm/resnet50.gluon_in1k",
    "a455932aa95cb7dcfa05fd040b9b5a5660733c39": "timm/resnet101.gluon_in1k",
    "a5a61ee1ce5ab7c09720775b223360f3c60e211d": "timm/resnet152.gluon_in1k",
    "2a4e070854db538595cc7ee02e1a914bdd49ca02": "timm/resnet50c.gluon_in1k",
    "064858f23f9878bfbbe378a88ccb25d612b149a1": "timm/resnet101c.gluon_in1k",
    "75babab699e1c93f5da3c1ce4fd0092d1075f9a0": "timm/resnet152c.gluon_in1k",
    "117a384ecf61490eb31ea147eb0e61e6d2b8a449": "timm/resnet50d.gluon_in1k",
    "1b2b825feff86b0354642a4ab59f9b6e35e47338": "timm/resnet101d.gluon_in1k",
    "cddbc86ff24a5544f57242ded0acb14ef1fbd437": "timm/resnet152d.gluon_in1k",
    "25a187fa281ddc98afbcd0cc0f0646885b874b80": "timm/resnet50s.gluon_in1k",
    "bd93a83c05f709a803b1221aeff0b028e6eebb03": "timm/resnet101s.gluon_in1k",
    "cf74621d988ad06c6c6aa44f5597e5b600a966cc": "timm/resnet152s.gluon_in1k",
    "7e0b0cae2fd7e9084d1e498b858af1429a6eb1cb": "timm/resnest14d.gluon_in1k",
    "364590740605b6a2b95f5bb77436d781a817436f": "timm/resnest26d.gluon_in1k",
    "b5538ef10557243511b9b46063aa4c40790d74ba": "timm/senet154.gluon_in1k",
    "a5050dbcbfc54908fc1b7700698eb7ffbc150417": "timm/inception_v3.gluon_in1k",
    "c224ae0fe80dd060d244b6a934dada1de0a9c021": "timm/hrnet_w18_small.gluon_in1k",
    "346da53060b949a3a3ffb83a9b6f9ba46c5c4fbc": "timm/hrnet_w18_small_v2.gluon_in1k",
}
"""timm's repository (``hf_hub_id`` of its ``pretrained_cfg``) by the SHA-1 of the Gluon file."""
