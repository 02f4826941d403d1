"""Clean references of CHiME-4's simulated sets, recovered by subtraction."""
