"""The limits of number formats and of derivatives."""
