"""A camera over the belt: labels drawn onto frames that move, blur, tilt and grow noisy. Needs the `vision` extra."""
