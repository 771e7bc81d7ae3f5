"""Headless Chromium from its npm package, with WebGL by software and a Chinese font: nothing is fetched, no browser needed."""

import os
import shutil
import subprocess
from pathlib import Path
from xml.sax.saxutils import escape

from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, Playwright

CHECKOUT = Path(__file__).resolve().parents[2]
NODE_MODULES = Path(os.environ.get("ONECITY_NODE_MODULES") or CHECKOUT / "node_modules")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "onecity" / "chromium"
FONT = NODE_MODULES / "@expo-google-fonts" / "noto-sans-sc"
WEIGHTS = ("400Regular", "500Medium", "600SemiBold", "700Bold")
FLAGS = [
    "--no-sandbox",
    "--no-zygote",
    "--disable-dev-shm-usage",
    "--font-render-hinting=none",
    "--ignore-gpu-blocklist",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
]
FONTS_CONF = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
{folders}
  <cachedir>{cache}</cachedir>
  <match target="pattern"><edit name="family" mode="append" binding="weak"><string>Noto Sans SC</string></edit></match>
</fontconfig>
"""


def unpacked() -> Path:
    """The Chromium program, unpacked once per version of the package."""
    version = NODE_MODULES / "@sparticuz" / "chromium" / "package.json"
    if not version.is_file():
        raise RuntimeError(f"Chromium is not installed in {NODE_MODULES}: run `npm ci`")
    folder = CACHE / str(int(version.stat().st_mtime))
    program = folder / "chromium"
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        node = shutil.which("node") or str(compute_driver_executable()[0])
        script = [node, str(Path(__file__).with_name("inflate.mjs")), str(NODE_MODULES.parent)]
        subprocess.run(script, check=True, capture_output=True, env=os.environ | {"TMPDIR": str(folder)})
        (folder / ".complete").touch()
    return program


def launch(playwright: Playwright) -> Browser:
    """A running browser; the caller closes it."""
    program = unpacked()
    return playwright.chromium.launch(executable_path=program, args=FLAGS, env=_environment(program.parent))


def _environment(folder: Path) -> dict[str, str | float | bool]:
    fonts = folder / "fonts.conf"
    folders = "\n".join(f"  <dir>{escape(str(FONT / weight))}</dir>" for weight in WEIGHTS)
    fonts.write_text(FONTS_CONF.format(folders=folders, cache=escape(str(folder / "fontcache"))), encoding="utf-8")
    environment: dict[str, str | float | bool] = {**os.environ, "FONTCONFIG_FILE": str(fonts)}
    linked = subprocess.run(["ldd", str(folder / "chromium")], capture_output=True, text=True, check=False)
    if "not found" in linked.stdout:
        environment["LD_LIBRARY_PATH"] = str(folder / "al2023" / "lib")
    return environment
