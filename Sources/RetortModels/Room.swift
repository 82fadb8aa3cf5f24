// RetortModels
