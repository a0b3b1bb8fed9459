"""What records of each kind hold beyond what Zhike knows: fields that a company adds itself."""
