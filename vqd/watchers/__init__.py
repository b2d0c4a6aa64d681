"""Door: the drop folder (watch and rescan; has it stopped changing?)."""
