// RetortText
