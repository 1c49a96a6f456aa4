"""Write a trained model in other forms: a bundle, an ONNX file, a torch program."""
