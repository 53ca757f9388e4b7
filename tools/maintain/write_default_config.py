"""Write configs/default.toml from the defaults and docstrings of the settings, as `monitor config init` does.

python -m tools.maintain.write_default_config > configs/default.toml
"""

from __future__ import annotations

from monitor.config.commented import commented_defaults as document

__all__ = ["document"]

if __name__ == "__main__":
    print(document(), end="")
