import XMLCoder
