"""Electronic seals (电子印章): their structures, their verification and the custody of who may use which for what."""
