"""A network with ImageNet weights that is cut after any block, for images of 224 x 224  [digital_sc Sec. IV-B, Fig. 8].

EfficientNet-Lite0   stem | 16 inverted bottlenecks, 16 to 320 channels, 112 x 112 to 7 x 7 | convolution, mean, linear
"""

from torch import nn

from semcom_lib.arguments import check_integer
from semcom_lib.digital_sc.network import NUM_CLASSES, SplitNetwork


def split_efficientnet(trunk: nn.Module, num_classes: int = NUM_CLASSES) -> SplitNetwork:
    """An EfficientNet-Lite with its pretrained blocks and a new linear layer, for images (n, 3, 224, 224).

    ``trunk`` is what ``efficientnet_lite_pytorch.EfficientNet.from_pretrained`` returns; its modules are taken over, not copied.
    The new layer's weights come from torch's global generator. Raises ValueError for a network of another make, or fewer than 2
    classes.
    """
    check_integer("num_classes", num_classes, 2)
    parts = ("_conv_stem", "_bn0", "_swish", "_blocks", "_conv_head", "_bn1", "_fc")
    if missing := [name for name in parts if not hasattr(trunk, name)]:
        raise ValueError(f"trunk is of type {type(trunk).__name__} and has no {missing[0]}: it must be an EfficientNet")
    head = nn.Sequential(
        *(trunk._conv_head, trunk._bn1, trunk._swish, nn.AdaptiveAvgPool2d(1), nn.Flatten()),
        nn.Linear(trunk._fc.in_features, num_classes),
    )
    stem = nn.Sequential(trunk._conv_stem, trunk._bn0, trunk._swish)
    return SplitNetwork(stem, trunk._blocks, head, (3, 224, 224), (127 / 255,) * 3, (128 / 255,) * 3)
