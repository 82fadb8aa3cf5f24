// RetortTraining
