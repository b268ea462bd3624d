"""Models on services: which handle means which model, copies that other programs left, and how to fetch one.

| file | content |
| --- | --- |
| `kaggle_models` | `kaggle:...` and addresses of www.kaggle.com, through kagglehub |
| `hugging_face` | `hf:...` and addresses of huggingface.co, through huggingface_hub |
| `tfhub_addresses` | the spellings of an address of tfhub.dev, and the cache of tensorflow_hub |
| `complete_models` | whether a copy that another program left is complete; copies it |
| `service_calls` | calls a service: what is repeated, and what its refusals mean |
| `download_process` | the process in which a package fetches, and when it is ended |
| `download_program` | what runs in that process |
| `download_limits` | how much the package may write |

kagglehub and huggingface_hub keep what they fetch in their own caches, where it is used in place. Importing
this package imports neither of them.
"""

from __future__ import annotations

import re
from typing import Final, Protocol

__all__ = ["HostedModel", "hosted_model", "is_service_handle"]

_SERVICE: Final = re.compile(
    r"(?:kaggle|hf):(?!/?$).*|(?:https?:/*)?(?:www\.)?(?:kaggle\.com|huggingface\.co|hf\.co)/.+",
    re.IGNORECASE | re.DOTALL,
)


class HostedModel(Protocol):
    """A model on a service.

    Attributes:
      handle: its handle in the usual spelling, by which it is kept in the cache of hubexplore.
    """

    @property
    def handle(self) -> str:
        """See above."""

    def find(self) -> str | None:
        """Returns the folder of a complete copy that the service's package left; contacts nobody."""

    def download(self, again: bool = False) -> str:
        """Returns the folder of the model, which the service's package fetches.

        Args:
          again: Whether to fetch it even if there is a copy.

        Raises:
          MissingExtraError: the package is not installed.
          DownloadError: the service refuses, or cannot be reached.
          NotAModuleError: what was fetched is not a complete model.
        """

    def note(self, folder: str) -> str:
        """Returns a sentence that says which version is in `folder`; "" if the handle has the version."""


def is_service_handle(text: str) -> bool:
    """Whether a handle may be one of Kaggle or Hugging Face."""
    return _SERVICE.fullmatch(text) is not None


def hosted_model(text: str) -> HostedModel | None:
    """Returns the model that a handle of Kaggle or Hugging Face stands for.

    Returns:
      None for an address of theirs that is not the page of a model, such as that of a file.

    Raises:
      HandleError: it is a handle of theirs, but a part is missing or malformed.
    """
    if not is_service_handle(text):
        return None
    from hubexplore.hub.resolve.services import hugging_face, kaggle_models

    return kaggle_models.parse(text) or hugging_face.parse(text)
