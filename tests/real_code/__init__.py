"""Code as other people write it, with what is known of each file: `manifest.json` beside them."""
