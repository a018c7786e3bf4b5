"""What each format's reader takes, what it refuses and why: data, from which `docs/conformance.md` can be made."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Readable:
    name: str
    reader: str
    """A key of `io.READERS`."""
    suffixes: tuple[str, ...]
    known_by: str
    """What in the file, not in its name, shows the format."""
    read: str
    refused: str
    through: str
    """The library that decodes the samples."""


_TIFF = "TIFF or BigTIFF header"
_STAGE = "spacing from"
READABLE: tuple[Readable, ...] = (
    Readable("PNG", "png", (".png",), "first bytes", "grey or colour, 8 or 16 bits, the first frame; alpha over black",
             "more than 500 million pixels", "Pillow; 16 bits: imagecodecs"),
    Readable("JPEG", "jpeg", (".jpg", ".jpeg", ".jpe"), "first bytes", "grey or colour, the EXIF turn applied",
             "as a mask: it changes values", "Pillow"),
    Readable("BMP", "bmp", (".bmp", ".dib"), "first bytes", "grey, palette or colour", "more than 500 million pixels",
             "Pillow"),
    Readable("GIF", "gif", (".gif",), "first bytes", "the first frame", "more than 500 million pixels", "Pillow"),
    Readable("TIFF", "tiff", (".tif", ".tiff"), _TIFF,
             "one page: grey, colour, palette, CMYK, L*a*b*, YCbCr, samples as channels; integers and float32; a "
             "resolution that no printer has is the spacing",
             "a page that is a volume; more than 500 million pixels in strips", "tifffile, imagecodecs"),
    Readable("TIFF of several pages", "tiff", (".tif", ".tiff"), _TIFF,
             "pages of one shape as a stack, with a note; of different shapes the first",
             "frames and slices together: an image has one or the other", "tifffile, imagecodecs"),
    Readable("tiled TIFF", "tiff", (".tif", ".tiff", ".btf", ".tf8"), _TIFF, "box by box, tile by tile",
             "tiles of more than 500 million pixels", "tifffile's offsets, imagecodecs"),
    Readable("pyramidal TIFF", "tiff", (".tif", ".tiff", ".btf", ".tf8"), "reduced pages, or SubIFDs",
             "every level, box by box", "tiles of more than 500 million pixels", "tifffile's offsets, imagecodecs"),
    Readable("Aperio SVS", "tiff", (".svs",), "description", f"every level, JPEG or JPEG 2000; {_STAGE} MPP; label, "
             "macro and thumbnail are named, never read as the exam", "cut-off files",
             "tifffile's offsets, imagecodecs"),
    Readable("Aperio SVS with YCbCr JPEG 2000", "tiff", (".svs",), "compression 33003", "every level", "cut-off files",
             "OpenSlide"),
    Readable("Akoya QPTIFF", "tiff", (".qptiff",), "software tag and description",
             f"every level and channel with its name; {_STAGE} resolution, place from position tags",
             "cut-off files", "tifffile's offsets, imagecodecs"),
    Readable("Hamamatsu NDPI", "tiff", (".ndpi",), "its own tags", "every level", "what OpenSlide refuses",
             "OpenSlide"),
    Readable("Leica SCN", "tiff", (".scn",), "description", "every level", "what OpenSlide refuses (fluorescence)",
             "OpenSlide"),
    Readable("Ventana BIF", "tiff", (".bif",), "XMP", "every level", "what OpenSlide refuses", "OpenSlide"),
    Readable("Philips TIFF", "tiff", (".tif", ".tiff"), "software tag", "every level", "what OpenSlide refuses",
             "OpenSlide"),
    Readable("Trestle TIFF", "tiff", (".tif", ".tiff"), "software tag", "every level", "what OpenSlide refuses",
             "OpenSlide"),
    Readable("MIRAX, Hamamatsu VMS and VMU, Sakura, Zeiss CZI in bright field", "slide",
             (".mrxs", ".vms", ".vmu", ".svslide", ".czi"), "name and first bytes", "every level",
             "what OpenSlide refuses; a slide whose folder is missing", "OpenSlide"),
    Readable("OME-TIFF", "tiff", (".ome.tif", ".ome.tiff"), "OME-XML",
             f"channels with names, slices or frames, levels; {_STAGE} PhysicalSize with its unit; of several images "
             "the first", "one of several files; slices and frames together", "tifffile's offsets, imagecodecs"),
    Readable("ImageJ TIFF", "tiff", (".tif", ".tiff"), "description",
             f"hyperstacks: channels with labels, slices or frames; {_STAGE} resolution, spacing and unit",
             "slices and frames together", "tifffile's offsets, imagecodecs"),
    Readable("Zeiss LSM", "tiff", (".lsm",), "its own tag", f"channels, slices or frames; {_STAGE} the voxel size",
             "slices and frames together", "tifffile's offsets, imagecodecs"),
    Readable("OME-Zarr 0.4 and 0.5", "zarr", (".zarr", ".ome.zarr", ".zarr.zip", ".ome.zarr.zip"),
             "multiscales in a folder or a zip of it",
             "channels with names, slices or frames, levels with scale, translation and unit; of several images the "
             "first", "plates; slices and frames together", "zarr, numcodecs"),
    Readable("NIfTI-1 and 2", "nifti", (".nii", ".nii.gz"), "header",
             "volumes by sform, else qform, else sizes alone; a fourth axis as channels; slope and intercept; colours",
             "complex samples; more than one axis beside space", "nibabel"),
    Readable("DICOM", "dicom", (".dcm", ".dicom", ".ima"), "DICM after the preamble", "images and series",
             "what its reader says", "pydicom and its decoders"),
    Readable("DICOM whole slide", "dicom", (".dcm",), "SOP class",
             "every level of a series; tiled full or sparse, or in an order that the seams tell; optical paths as "
             "channels; label, overview and thumbnail are named, never read as the exam",
             "focal planes, concatenations, palettes, overlapping frames, frames that nobody places",
             "imagecodecs"),
    Readable("DICOM series in a folder", "folder", (), "DICOM files of one series", "one volume",
             "several series in one folder", "pydicom and its decoders"),
)  # fmt: skip
