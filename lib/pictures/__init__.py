"""Pictures: strangers' bytes decoded, made upright and small, and encoded again.

All of this runs in a process of its own (`python -m lib.pictures`), because a decoder can be made to work for minutes
and to fill the memory. lib.outside.images starts that process, and ends it. The package knows no URL, no job and no
setting, and imports nothing else of this project. Its parent imports lib.pictures.messages only.
"""
